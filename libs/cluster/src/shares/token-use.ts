/** How many tokens a peer has used of a vendor's sliding window: as it told last, and less and less when it tells no more. */
import { MINUTE_MS } from './minute-use.ts';

export class TokenUse {
  #tokens = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  /** @param heardAtMs when it was last known to hold */
  hear(tokens: number, heardAtMs: number): void {
    this.#tokens = tokens;
    this.#atMs = heardAtMs;
  }

  /** While it tells: what leaves the window, it leaves out itself. */
  get told(): number {
    return this.#tokens;
  }

  /** When it tells no more, what it had used leaves the window at a rate that nobody knows better than evenly. */
  faded(nowMs: number): number {
    return this.#tokens * Math.max(0, 1 - (nowMs - this.#atMs) / MINUTE_MS);
  }
}
