/** What happened to whom: counts per key and per model, for tests and for a look at the control port. */
import type { FaultKind } from './faults/rule.ts';

export interface Counts {
  seen: number;
  inFlight: number;
  completed: number;
  /** The client left before the answer was whole. */
  abortedByClient: number;
  /** Answered with a 4xx of the simulator's own: bad request, bad key, rate limit. */
  rejected: number;
  rateLimited: number;
  faults: Partial<Record<FaultKind, number>>;
}

export interface SimulatorState {
  readonly total: Counts;
  readonly keys: Readonly<Record<string, Counts>>;
  readonly models: Readonly<Record<string, Counts>>;
}

export class Counters {
  #total = zero();
  readonly #keys = new Map<string, Counts>();
  readonly #models = new Map<string, Counts>();

  /** The three rows a request belongs to. Keys and models are configured names or `unknown`, so the maps are bounded. */
  rows(key: string, model: string): readonly Counts[] {
    return [this.#total, row(this.#keys, key), row(this.#models, model)];
  }

  state(): SimulatorState {
    return structuredClone({
      total: this.#total,
      keys: Object.fromEntries(this.#keys),
      models: Object.fromEntries(this.#models),
    });
  }

  /** Requests in flight keep their old rows, and are forgotten with them. */
  reset(): void {
    this.#total = zero();
    this.#keys.clear();
    this.#models.clear();
  }
}

function row(rows: Map<string, Counts>, name: string): Counts {
  let counts = rows.get(name);
  if (counts === undefined) {
    counts = zero();
    rows.set(name, counts);
  }
  return counts;
}

function zero(): Counts {
  return { seen: 0, inFlight: 0, completed: 0, abortedByClient: 0, rejected: 0, rateLimited: 0, faults: {} };
}
