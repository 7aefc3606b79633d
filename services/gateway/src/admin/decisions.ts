/**
 * The last exchanges, kept for whoever asks why: what was considered, chosen, tried, and how each attempt ended. A ring
 * of references to finished reports: keeping one costs a store, and rendering happens only when someone looks.
 */
import { explain, type Explained } from './explain.ts';

/** A few seconds of a busy node, hours of a quiet one. */
export const KEPT_DECISIONS = 256;

/** Which of them are wanted; each that is stated must hold. */
export interface DecisionFilter {
  readonly route?: string | undefined;
  /** A target that was asked. */
  readonly target?: string | undefined;
  readonly request?: string | undefined;
  readonly failed?: boolean | undefined;
  readonly limit?: number | undefined;
}

export class Decisions {
  readonly #kept: Explained[] = [];
  #next = 0;

  add(exchange: Explained): void {
    this.#kept[this.#next] = exchange;
    this.#next = (this.#next + 1) % KEPT_DECISIONS;
  }

  /** Newest first; ages in milliseconds before `nowMs`. */
  list(nowMs: number, filter: DecisionFilter = {}): readonly object[] {
    const newestFirst = [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)].reverse();
    return newestFirst
      .filter((kept) => isWanted(kept, filter))
      .slice(0, filter.limit ?? KEPT_DECISIONS)
      .map((kept) => ({ ...explain(kept), agoMs: Math.round(nowMs - kept.endedAtMs) }));
  }
}

function isWanted(kept: Explained, { route, target, request, failed }: DecisionFilter): boolean {
  if (request !== undefined && kept.requestId !== request) return false;
  if (route !== undefined && kept.route !== route) return false;
  if (failed !== undefined && hasFailed(kept) !== failed) return false;
  return target === undefined || kept.attempts.some(({ member }) => member.id === target);
}

/** The client got something else than its answer. One that left has not been failed. */
function hasFailed({ end, status }: Explained): boolean {
  return end === 'broken' || (status >= 400 && end !== 'cancelled');
}
