/** This peer's retries per second, earned and spent, as a mean over some seconds. */
import type { Clock } from '@leeward/kernel';
import type { RetryUse } from '../shapes.ts';

/** Longer than a burst of exchanges, shorter than an outage. */
const MEAN_MS = 5000;

export class OwnRetries {
  readonly #clock: Clock;
  #atMs: number;
  #earned = 0;
  #spent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.nowMs();
  }

  update({ earned, spent }: { readonly earned: number; readonly spent: number }): void {
    const nowMs = this.#clock.nowMs();
    const kept = Math.exp((this.#atMs - nowMs) / MEAN_MS);
    this.#atMs = nowMs;
    this.#earned = this.#earned * kept + earned;
    this.#spent = this.#spent * kept + spent;
  }

  get use(): RetryUse {
    const perSecond = 1000 / MEAN_MS;
    return { earnedPerSecond: this.#earned * perSecond, spentPerSecond: this.#spent * perSecond };
  }
}
