/**
 * How much this peer would use of a quota if it could: the rate of what is asked for, granted or not. Two averages that
 * fade with time: a slow one that is steady, and a fast one that sees a rise within a second or two. The fast one counts
 * only as far as chance does not explain it, two standard deviations below what it reads, so that a single request of a
 * quiet peer is no rush. A fall is believed slowly: who asks for too much gets less than it says as soon as others ask.
 */
import type { Clock } from '@leeward/kernel';

/** A rise is seen before a share's surplus is spent. */
const FAST_MS = 1_000;

/** Steady to a few hundredths at ten requests per second; a peer that falls silent has given its part away in a quarter
 * of a vendor's window. */
const SLOW_MS = 5_000;

const DEVIATIONS = 2;

export class Demand {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #atMs: number;
  #fast = 0;
  /** The variance of `#fast`, as of a sum of independent arrivals. */
  #fastSquares = 0;
  #slow = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
    this.#atMs = this.#startedAtMs;
  }

  /**
   * What was gathered since a moment ago: many small ones are a rush where a single one of the same size is not.
   * @param squares the sum of their squares
   */
  asked(sum: number, squares: number): void {
    this.#fade();
    this.#fast += sum;
    this.#fastSquares += squares;
    this.#slow += sum;
  }

  get perMinute(): number {
    this.#fade();
    // A young average divides by the time it has seen, but never by so little that its first request is a rush.
    const seenMs = Math.max(FAST_MS, this.#atMs - this.#startedAtMs);
    const slow = this.#slow / (SLOW_MS * (1 - Math.exp(-seenMs / SLOW_MS)));
    const fast = (this.#fast - DEVIATIONS * Math.sqrt(this.#fastSquares)) / FAST_MS;
    return MINUTE_MS * Math.max(slow, fast);
  }

  #fade(): void {
    const nowMs = this.#clock.nowMs();
    const forMs = nowMs - this.#atMs;
    if (forMs <= 0) return;
    this.#atMs = nowMs;
    const fast = Math.exp(-forMs / FAST_MS);
    this.#fast *= fast;
    this.#fastSquares *= fast * fast;
    this.#slow *= Math.exp(-forMs / SLOW_MS);
  }
}

const MINUTE_MS = 60_000;
