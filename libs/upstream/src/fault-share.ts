/**
 * The share of recent attempts that were faults, forgotten exponentially. Slower than a breaker's window and outliving
 * its closing: a target that fails a third of its requests, or every other ten seconds, never trips for good, and yet
 * should get next to nothing while its siblings do well.
 */
import type { Clock } from '@leeward/kernel';

/** Longer than the usual pause of something that flaps, short enough that an outage is forgiven in minutes. */
const MEMORY_MS = 45_000;

/** Successes that a target is given for nothing, so that one fault among few attempts is not a third of them. */
const CREDIT = 4;

/** A fault costs the client about this many first-token times: the wait for it, and the detour. */
const PRICE = 30;

export class FaultShare {
  readonly #clock: Clock;
  #faults = 0;
  #attempts = 0;
  #atMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(isFault: boolean): void {
    const nowMs = this.#clock.nowMs();
    const kept = Math.exp((this.#atMs - nowMs) / MEMORY_MS);
    this.#faults = this.#faults * kept + (isFault ? 1 : 0);
    this.#attempts = this.#attempts * kept + 1;
    this.#atMs = nowMs;
  }

  forget(): void {
    this.#faults = 0;
  }

  share(nowMs: number): number {
    if (this.#faults === 0) return 0;
    const kept = Math.exp((this.#atMs - nowMs) / MEMORY_MS);
    return (this.#faults * kept) / (this.#attempts * kept + CREDIT);
  }
}

/** What the load is multiplied by. */
export function priceOf(faultShare: number): number {
  return 1 + PRICE * faultShare;
}
