/** The last decisions that the page has, each once, and which of them somebody looks for. */
import type { Decision } from './view.ts';

/** As many as anyone scrolls through; with their explanations about 200 KB. */
const KEPT = 120;

export interface ShownDecision extends Decision {
  readonly key: string;
  /** On this page's clock. */
  readonly atMs: number;
}

export type Interest = 'all' | 'failed' | 'retried' | 'fallen-back';

export interface DecisionFilter {
  readonly text: string;
  readonly interest: Interest;
}

/** Newest first; what came in two ways (asked for, and live) is there once. */
export function withNew(
  known: readonly ShownDecision[],
  more: readonly Decision[],
  nowMs: number,
): readonly ShownDecision[] {
  const keys = new Set(known.map(({ key }) => key));
  const fresh = more
    .map((decision) => ({ ...decision, key: keyOf(decision), atMs: nowMs - decision.agoMs }))
    .filter(({ key }) => !keys.has(key));
  if (fresh.length === 0) return known;
  return [...fresh, ...known].toSorted((one, other) => other.atMs - one.atMs).slice(0, KEPT);
}

/** A client may give two requests one id. */
function keyOf({ requestId, durationMs, worker }: Decision): string {
  return `${requestId} ${durationMs} ${worker ?? 0}`;
}

export function hasFailed({ end, status }: Decision): boolean {
  return end === 'broken' || (status >= 400 && end !== 'cancelled');
}

export function isWanted(decision: ShownDecision, { text, interest }: DecisionFilter): boolean {
  return isOfInterest(decision, interest) && (text === '' || textOf(decision).includes(text.toLowerCase()));
}

function isOfInterest(decision: Decision, interest: Interest): boolean {
  switch (interest) {
    case 'all':
      return true;
    case 'failed':
      return hasFailed(decision);
    case 'retried':
      return decision.attempts.length > 1;
    case 'fallen-back':
      return decision.attempts.some(({ pool }) => pool > 0);
  }
}

function textOf({ requestId, client, route, model, code = '', status, attempts }: Decision): string {
  const tried = attempts.flatMap(({ target, outcome, reason = '' }) => [target, outcome, reason]);
  return [requestId, client, route, model, code, String(status), ...tried].join(' ').toLowerCase();
}
