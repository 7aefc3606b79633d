/**
 * What others than the gateway use of a limit: what the vendor's headers count beyond all that is known here. In a
 * cluster every node reads the same of it, and what one has counted is told to the others as its own; so each counts
 * its part alone, and not again before they can have heard of it. Without that, ten nodes would count it ten times and
 * leave the quota unused.
 */
import type { Clock } from '@leeward/kernel';

/** Three seconds' worth of a limit: so much may have been used by other nodes that have not told of it yet. */
const LATE_SHARE = 0.05;

/** Digests of a large fleet are most of a second apart. */
const HEARD_AFTER_MS = 2000;

export class ForeignUse {
  readonly #clock: Clock;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Answers how much of it to count.
   * @param unknown what the vendor counted and we know nothing of
   * @param share this node's of the limit; undefined when it is alone
   */
  part(unknown: number, limit: number, share: number | undefined): number {
    if (share === undefined) return Math.max(0, unknown);
    const nowMs = this.#clock.nowMs();
    if (unknown <= LATE_SHARE * limit || nowMs - this.#countedAtMs < HEARD_AFTER_MS) return 0;
    this.#countedAtMs = nowMs;
    return unknown * Math.min(1, share / limit);
  }
}
