/**
 * A wait that the upstream ordered: a rate-limited quota group and model, or a target that said retry-after. A longer
 * order replaces a shorter one, never the reverse. Bounded, so that a mistaken header cannot put a target away for
 * good; what the plan never allows is asked again after the same bound.
 */
import type { Clock } from '@leeward/kernel';

/** Long enough to spare a vendor, short enough that a plan's upgrade is noticed without a restart. */
export const MAX_COOLDOWN_MS = 600_000;

export class Cooldown {
  readonly #clock: Clock;
  #untilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get active(): boolean {
    return this.#untilMs > 0 && this.remainingMs > 0;
  }

  get remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.nowMs());
  }

  order(forMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#clock.nowMs() + Math.min(forMs, MAX_COOLDOWN_MS));
  }
}
