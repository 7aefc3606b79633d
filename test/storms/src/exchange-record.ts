/** What is kept of an exchange and of a whole storm: enough for every measure. */
import type { AttemptReport } from '@leeward/failover';
import type { QuotaUse } from './upstream/quota-window.ts';

export interface ExchangeRecord {
  readonly atMs: number;
  /** The gateway that it came to. */
  readonly node: number;
  /** Of the prompt and of the whole answer. */
  readonly tokens: number;
  /** Undefined when the client got an error, or an answer that is not the one it ought to have. */
  readonly firstTokenMs: number | undefined;
  /** The error's code, `wrong-answer`, or empty. */
  readonly error: string;
  /** Why an error was worse than it had to be; empty for a good error, and for none. */
  readonly flaw: ErrorFlaw | '';
  /** The targets asked, in order, as numbers into `StormRecord.targets`. */
  readonly asked: readonly number[];
  /** When each of them was. */
  readonly askedAtMs: readonly number[];
  /** When each of them had answered, failed or been cancelled. */
  readonly toldAtMs: readonly number[];
  /** Attempts that did not end well. The cancelled loser of a hedge is not one of them: it is counted as hedged. */
  readonly wasted: number;
  /** Extra attempts, made because the first was late. */
  readonly hedged: number;
  readonly limited: number;
  /** Of each break mid-way: from the break to the next content. Empty for an answer that came in one piece. */
  readonly gapsMs: readonly number[];
}

/** Past the deadline; without a word on when to come back; with one at which nobody would have taken the request. */
export type ErrorFlaw = 'late' | 'untold' | 'untrue';

export interface StormRecord {
  readonly targets: readonly string[];
  /** In order of time. */
  readonly exchanges: readonly ExchangeRecord[];
  /** Of each limited quota group. */
  readonly quotas: readonly QuotaUse[];
}

/** In the order in which they were begun; with hedging they may end in another one. */
export function inOrder<A extends Pick<AttemptReport, 'startedAtMs'>>(attempts: readonly A[]): readonly A[] {
  return attempts.length < 2 ? attempts : attempts.toSorted((a, b) => a.startedAtMs - b.startedAtMs);
}

/** Nobody leaves in a storm, so that what was cancelled has lost to a hedge, or as one. */
export function isWasted({ outcome }: Pick<AttemptReport, 'outcome'>): boolean {
  return outcome.kind !== 'ok' && outcome.kind !== 'cancelled';
}

/** Broke after its first content. */
export function isBroken(attempt: Pick<AttemptReport, 'outcome' | 'firstTokenAtMs'>): boolean {
  return attempt.firstTokenAtMs !== undefined && isWasted(attempt);
}
