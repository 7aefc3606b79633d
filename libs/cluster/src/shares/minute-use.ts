/**
 * How many requests a peer has made in this wall-clock minute, as a vendor counts them. A digest tells the count of its
 * sender's minute, and around its turn that may be the one before or the one after: a digest was under way, or the two
 * clocks differ by some tenths of a second. A count falls when a minute ends, which tells them apart.
 *
 * Two mistakes are left. A peer that makes more requests in the first second of a minute than in all of the last one
 * counts for nothing within that second. One that takes a request back around the turn, as not counted after all,
 * counts for too much until its next digest.
 */

/** Digests are under way for less, and synchronised clocks differ by less. */
const DOUBT_MS = 1_000;

export const MINUTE_MS = 60_000;

export class MinuteUse {
  /** The last count heard. */
  #count = 0;
  /** When our minute ends that `#count` belongs to. */
  #endsAtMs = Number.NEGATIVE_INFINITY;
  /** The count before it fell for the minute to come. */
  #earlier = 0;

  /**
   * May be told the same again.
   * @param heardAtMs when the count was last known to hold: a digest that does not name it says that it has not changed
   * @param minuteEndsAtMs when this minute ends, in the same monotonic time as the others
   */
  hear(count: number, heardAtMs: number, minuteEndsAtMs: number): void {
    const fell = count < this.#count;
    const beganAtMs = minuteEndsAtMs - MINUTE_MS;
    const isOfNow = this.#endsAtMs >= minuteEndsAtMs - DOUBT_MS;
    if (fell && isOfNow && minuteEndsAtMs - heardAtMs < DOUBT_MS) {
      // The sender's clock is ahead.
      this.#earlier = this.#count;
      this.#endsAtMs = minuteEndsAtMs + MINUTE_MS;
    } else if (!isOfNow && heardAtMs >= beganAtMs) {
      const wasUnderWay = !fell && this.#count > 0 && heardAtMs - beganAtMs < DOUBT_MS;
      if (!wasUnderWay) this.#endsAtMs = minuteEndsAtMs;
    }
    this.#count = count;
  }

  within(minuteEndsAtMs: number): number {
    if (Math.abs(this.#endsAtMs - minuteEndsAtMs) < DOUBT_MS) return this.#count;
    return this.#endsAtMs > minuteEndsAtMs ? this.#earlier : 0;
  }
}
