/** Which error a client gets when nothing worked, and when it is worth coming back. */
import { GatewayError } from '@leeward/kernel';
import type { Member, Target } from '@leeward/upstream';
import type { AttemptReport } from './exchange.ts';

interface Circumstances {
  readonly attempts: readonly Pick<AttemptReport, 'outcome'>[];
  /** The targets that could have served this request, were they available. */
  readonly usable: readonly Member[];
  /** The deadline has passed. */
  readonly late: boolean;
  readonly untranslatable: GatewayError | undefined;
}

export function finalError({ attempts, usable, late, untranslatable }: Circumstances): GatewayError {
  if (late) return new GatewayError('GW_DEADLINE', 'The deadline passed before an answer began.');
  if (attempts.length === 0 && untranslatable !== undefined) return untranslatable;
  const retryInMs = earliestMs(usable, ({ retryInMs: ms }) => ms) ?? 0;
  const retryAfterMs = retryInMs > 0 ? retryInMs : UNKNOWN_MS;
  const states = new Set(usable.map(({ target }) => target.state));
  if (states.size === 1 && states.has('quota-cooldown')) {
    return new GatewayError('GW_QUOTA_EXHAUSTED', 'Every target of the route is at its rate limit.', { retryAfterMs });
  }
  if (states.size === 1 && states.has('key-quarantined')) {
    return new GatewayError('GW_CREDENTIALS_REJECTED', 'The upstream rejected every key of the route.');
  }
  // Asked a moment ago by another request: an answer that SDKs would retry would only be given again.
  if (states.size === 1 && states.has('model-gone')) {
    return new GatewayError('GW_UNKNOWN_MODEL', 'Every provider of the route says that it has no such model.');
  }
  if (attempts.length === 0) {
    return new GatewayError('GW_NO_TARGET', 'No target of the route is available now.', { retryAfterMs });
  }
  if (attempts.every(({ outcome }) => outcome.kind === 'capacity')) {
    return new GatewayError('GW_NO_TARGET', 'The upstream has no capacity for this model now.', { retryAfterMs });
  }
  const count = attempts.length === 1 ? 'The attempt' : `All ${attempts.length} attempts`;
  return new GatewayError('GW_UPSTREAM_FAILED', `${count} failed, and there is no target left to try.`, {
    retryAfterMs,
  });
}

/** The shortest of the targets' waits, in milliseconds from now; undefined for none. */
export function earliestMs(members: readonly Member[], waitMs: (target: Target) => number): number | undefined {
  let earliest: number | undefined;
  for (const { target } of members) earliest = Math.min(earliest ?? Number.POSITIVE_INFINITY, waitMs(target));
  return earliest;
}

/** Nothing says when: one probe interval, at which things may look different. */
const UNKNOWN_MS = 1000;
