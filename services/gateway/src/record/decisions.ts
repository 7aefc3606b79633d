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

export interface NewDecisions {
  readonly decisions: readonly object[];
  /** How many more there were. */
  readonly untold: number;
}

export class Decisions {
  readonly #kept: Explained[] = [];
  #next = 0;
  #added = 0;
  /** How many there had been when somebody last took the new ones. */
  #taken = 0;

  add(exchange: Explained): void {
    this.#added++;
    this.#kept[this.#next] = exchange;
    this.#next = (this.#next + 1) % KEPT_DECISIONS;
  }

  /** Newest first; ages in milliseconds before `nowMs`. */
  list(nowMs: number, filter: DecisionFilter = {}): readonly object[] {
    return this.#newestFirst
      .filter((kept) => isWanted(kept, filter))
      .slice(0, filter.limit ?? KEPT_DECISIONS)
      .map((kept) => explainAt(nowMs, kept));
  }

  /**
   * Those since the last call, newest first: of more than `limit` the ones that failed or were tried again, then the
   * newest. For one caller, that asks again and again.
   */
  takeNew(nowMs: number, limit: number): NewDecisions {
    const count = this.#added - this.#taken;
    this.#taken = this.#added;
    const fresh = this.#newestFirst.slice(0, Math.min(count, KEPT_DECISIONS));
    const byInterest = [...fresh.filter(isTelling), ...fresh.filter((kept) => !isTelling(kept))];
    const told = new Set(byInterest.slice(0, limit));
    return {
      decisions: fresh.filter((kept) => told.has(kept)).map((kept) => explainAt(nowMs, kept)),
      untold: count - told.size,
    };
  }

  get #newestFirst(): readonly Explained[] {
    return [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)].reverse();
  }
}

function explainAt(nowMs: number, kept: Explained): object {
  return { ...explain(kept), agoMs: Math.round(nowMs - kept.endedAtMs) };
}

/** What an operator looks for among thousands that went as they should. */
function isTelling(kept: Explained): boolean {
  return hasFailed(kept) || kept.attempts.length !== 1;
}

function isWanted(kept: Explained, { route, target, request, failed }: DecisionFilter): boolean {
  if (request !== undefined && kept.requestId !== request) return false;
  if (route !== undefined && kept.route !== route) return false;
  if (failed !== undefined && hasFailed(kept) !== failed) return false;
  return target === undefined || kept.attempts.some(({ member }) => member.id === target);
}

/** The client got something else than its answer. One that left has not been failed. */
export function hasFailed({ end, status }: Pick<Explained, 'end' | 'status'>): boolean {
  return end === 'broken' || (status >= 400 && end !== 'cancelled');
}
