/**
 * When a breaker opens: after N faults in a row, or when the share of successes in a window falls below a floor with
 * enough samples to mean it. The window is a ring of buckets summed exactly, cleared after idleness: an hour-old
 * incident must not trip a breaker on the first new fault.
 */
import type { BreakerOptions } from './options.ts';

export type TripReason =
  | 'consecutive-faults'
  | 'success-rate'
  | 'confirmed'
  | 'probe-failed'
  | 'no-capacity'
  | 'by-operator';

/** Ten buckets: fine enough that old samples expire smoothly, few enough to sum on every fault. */
const BUCKETS = 10;

export class TripRule {
  readonly #options: BreakerOptions;
  readonly #bucketMs: number;
  readonly #successes = new Uint32Array(BUCKETS);
  readonly #faults = new Uint32Array(BUCKETS);
  /** Number of the newest bucket since the clock's origin; buckets older than BUCKETS before it are out. */
  #newest = 0;
  /** When something was last recorded. Looking at the rate is not recording. */
  #recordedAtMs = 0;
  #consecutive = 0;
  /** There is evidence from elsewhere: the next fault confirms it. */
  isSuspect = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#bucketMs = options.windowMs / BUCKETS;
  }

  recordSuccess(nowMs: number): void {
    this.#consecutive = 0;
    this.#count(this.#successes, nowMs);
  }

  /** Records a fault; answers the reason when it is the one too many. */
  recordFault(nowMs: number): TripReason | undefined {
    const idle = this.#count(this.#faults, nowMs);
    this.#consecutive = idle ? 1 : this.#consecutive + 1;
    if (this.isSuspect) return 'confirmed';
    if (this.#consecutive >= this.#options.consecutiveFaults) return 'consecutive-faults';
    const faults = sum(this.#faults);
    const samples = faults + sum(this.#successes);
    if (samples < this.#options.minSamples) return undefined;
    return (samples - faults) / samples < this.#options.minSuccessRate ? 'success-rate' : undefined;
  }

  /** What a trip now rests on: attempts in the window, or faults in a row that reach beyond it. */
  samples(nowMs: number): number {
    return Math.max(this.#consecutive, this.rate(nowMs).samples);
  }

  reset(): void {
    this.#successes.fill(0);
    this.#faults.fill(0);
    this.#consecutive = 0;
  }

  /** Success share in the window, and the samples behind it. */
  rate(nowMs: number): { share: number; samples: number } {
    this.#rotate(nowMs);
    const successes = sum(this.#successes);
    const samples = successes + sum(this.#faults);
    return { share: samples === 0 ? 1 : successes / samples, samples };
  }

  /** True when nothing had been recorded for a whole window before. */
  #count(ring: Uint32Array, nowMs: number): boolean {
    this.#rotate(nowMs);
    const idle = nowMs - this.#recordedAtMs >= this.#options.windowMs;
    this.#recordedAtMs = nowMs;
    const index = this.#newest % BUCKETS;
    ring[index] = (ring[index] ?? 0) + 1;
    return idle;
  }

  /** Brings the ring up to now. */
  #rotate(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    const steps = bucket - this.#newest;
    if (steps <= 0) return;
    for (let step = 1; step <= Math.min(steps, BUCKETS); step++) {
      const index = (this.#newest + step) % BUCKETS;
      this.#successes[index] = 0;
      this.#faults[index] = 0;
    }
    this.#newest = bucket;
  }
}

function sum(ring: Uint32Array): number {
  let total = 0;
  for (const count of ring) total += count;
  return total;
}
