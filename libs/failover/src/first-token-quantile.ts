/**
 * A quantile of recent first-token times in bounded memory: a histogram whose buckets grow by a constant factor, so that
 * the answer's relative error is the same for milliseconds and for minutes, and whose samples lose weight with time.
 *
 * Instead of fading every bucket at every sample, a new sample weighs the more the later it comes (forward decay;
 * Cormode et al., 2009), which is the same up to a common factor; that is taken out before it grows beyond all bounds.
 */
import type { Clock } from '@leeward/kernel';

/** Each bucket's upper end over its lower one. The middle is then within 5 % of every sample: closer than traffic is. */
const GROWTH = 1.1;

/** From a millisecond to eighteen minutes, which is beyond every first-token limit; what lies outside is moved in. */
const BUCKETS = 146;

/** An incident is noticed, and forgotten, within minutes; shorter, and a route of one request a second knew too little. */
const HALF_LIFE_MS = 60_000;

/** So much weight of samples is wanted: with fewer, a 95th percentile would be the word of one or two. */
const MIN_WEIGHT = 50;

/** After 30 half-lives old samples weigh a billionth: time to take the common factor out. */
const MAX_HALF_LIVES = 30;

export class FirstTokenQuantile {
  readonly #clock: Clock;
  readonly #quantile: number;
  readonly #weights = new Float64Array(BUCKETS);
  #total = 0;
  /** When a sample's weight was 1. */
  #originAtMs: number;

  /** @param quantile such as 0.95 */
  constructor(clock: Clock, quantile: number) {
    this.#clock = clock;
    this.#quantile = quantile;
    this.#originAtMs = clock.nowMs();
  }

  add(ms: number): void {
    const weight = this.#weightNow();
    const bucket = bucketOf(ms);
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + weight;
    this.#total += weight;
  }

  /** Undefined while the samples of the last minutes are too few to tell. */
  get ms(): number | undefined {
    const weight = this.#weightNow();
    // Samples of this moment may fall short of a whole number by rounding alone.
    if (this.#total < (MIN_WEIGHT - 1e-6) * weight) return undefined;
    const rank = this.#quantile * this.#total;
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#weights[bucket] ?? 0;
      if (below >= rank) return middleOf(bucket);
    }
    return middleOf(BUCKETS - 1);
  }

  /** What a sample of this moment weighs. */
  #weightNow(): number {
    const nowMs = this.#clock.nowMs();
    const halfLives = (nowMs - this.#originAtMs) / HALF_LIFE_MS;
    if (halfLives < MAX_HALF_LIVES) return 2 ** halfLives;
    const factor = 2 ** -halfLives;
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#weights[bucket] = (this.#weights[bucket] ?? 0) * factor;
    this.#total *= factor;
    this.#originAtMs = nowMs;
    return 1;
  }
}

function bucketOf(ms: number): number {
  const bucket = Math.floor(Math.log(ms) / Math.log(GROWTH));
  return Math.min(BUCKETS - 1, Math.max(0, bucket));
}

/** The geometric middle: as far from one end, relatively, as from the other. */
function middleOf(bucket: number): number {
  return GROWTH ** (bucket + 0.5);
}
