/**
 * How long a peer waits before it connects again: doubled with each failure up to a bound, half of it fixed and half
 * of it chance, so that peers who lost the same server do not come back to it as one. A connection that held for a
 * while starts over; one that is refused as soon as it is made counts as another failure.
 */
import type { Rng } from '@leeward/kernel';

export interface ReconnectPace {
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  readonly steadyMs: number;
}

export class ReconnectWaits {
  readonly #rng: Rng;
  readonly #pace: ReconnectPace;
  #nextMs: number;

  constructor(rng: Rng, pace: ReconnectPace) {
    this.#rng = rng;
    this.#pace = pace;
    this.#nextMs = pace.firstWaitMs;
  }

  /** A connection has ended that was held for so long. */
  held(forMs: number): void {
    if (forMs >= this.#pace.steadyMs) this.#nextMs = this.#pace.firstWaitMs;
  }

  nextMs(): number {
    const longMs = Math.min(this.#nextMs, this.#pace.longestWaitMs);
    this.#nextMs = longMs * 2;
    return longMs * (0.5 + this.#rng() / 2);
  }
}
