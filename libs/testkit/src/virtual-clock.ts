import type { Clock } from '@leeward/kernel';

/** 2026-01-01T00:00:00Z: any fixed instant at the start of a minute, so that minute windows are easy to reason about. */
const DEFAULT_WALL_MS = 1_767_225_600_000;

/**
 * A clock that stands still until told to move. Timers fire in order of time, then of creation, and a timer set by
 * another fires within the same `advance` when it falls due.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #wallOriginMs: number;
  readonly #timers = new Map<number, { dueMs: number; run: () => void }>();

  constructor(wallOriginMs: number = DEFAULT_WALL_MS) {
    this.#wallOriginMs = wallOriginMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOriginMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    const order = this.#order++;
    this.#timers.set(order, { dueMs: this.#nowMs + Math.max(0, delayMs), run });
    return { cancel: () => this.#timers.delete(order) };
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const timer = this.after(delayMs, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = () => {
        timer.cancel();
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** How many timers are waiting: a test asserts 0 to prove that nothing was left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward, firing what falls due and letting promises settle between firings. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      const timer = this.#timers.get(next);
      if (timer === undefined) continue;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.run();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): number | undefined {
    let best: number | undefined;
    let bestDueMs = Number.POSITIVE_INFINITY;
    for (const [order, { dueMs }] of this.#timers) {
      if (dueMs <= untilMs && dueMs < bestDueMs) {
        best = order;
        bestDueMs = dueMs;
      }
    }
    return best;
  }
}

/** Promise chains in the code under test are a few links long; one turn of the macrotask queue settles them all. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
