/**
 * What /admin/decisions is asked for, as its query says it. A mistake is told rather than passed over: the answer to
 * another question than the one meant misleads whoever is looking for a fault.
 */
import { type DecisionFilter, KEPT_DECISIONS } from '../record/decisions.ts';

type ReadFilter =
  | { readonly kind: 'ok'; readonly filter: DecisionFilter }
  | { readonly kind: 'refused'; readonly problem: string };

const NAMES: readonly string[] = ['route', 'target', 'request', 'failed', 'limit'];

/** Longer than a target's id, which is three names of the config. */
const MAX_CHARS = 512;

export function readDecisionFilter(query: URLSearchParams): ReadFilter {
  const problem = problemOfNames(query) ?? problemOfFailed(query) ?? problemOfLimit(query);
  if (problem !== undefined) return { kind: 'refused', problem };
  const value = (name: string) => query.get(name) ?? undefined;
  const failed = value('failed');
  const limit = value('limit');
  return {
    kind: 'ok',
    filter: {
      route: value('route'),
      target: value('target'),
      request: value('request'),
      failed: failed === undefined ? undefined : failed === 'true',
      limit: limit === undefined ? undefined : Number(limit),
    },
  };
}

function problemOfNames(query: URLSearchParams): string | undefined {
  for (const name of new Set(query.keys())) {
    if (!NAMES.includes(name)) return `${shown(name)}: not a filter; these are: ${NAMES.join(', ')}.`;
    const [value = '', ...more] = query.getAll(name);
    if (more.length > 0) return `${name}: expected once, found ${more.length + 1} times.`;
    if (value === '') return `${name}: expected a value, found nothing.`;
    if (value.length > MAX_CHARS) return `${name}: expected at most ${MAX_CHARS} characters, found ${value.length}.`;
  }
  return undefined;
}

function problemOfFailed(query: URLSearchParams): string | undefined {
  const failed = query.get('failed');
  if (failed === null || failed === 'true' || failed === 'false') return undefined;
  return `failed: expected true or false, found ${shown(failed)}.`;
}

function problemOfLimit(query: URLSearchParams): string | undefined {
  const limit = query.get('limit');
  if (limit === null) return undefined;
  // Plain digits: Number takes far more for a whole number, such as 1e3, 0x10 and blanks.
  const count = /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
  if (count >= 1 && count <= KEPT_DECISIONS) return undefined;
  return `limit: expected a whole number from 1 to ${KEPT_DECISIONS}, found ${shown(limit)}.`;
}

/** Enough of a value to recognise it. */
function shown(value: string): string {
  return JSON.stringify(value.slice(0, 40));
}
