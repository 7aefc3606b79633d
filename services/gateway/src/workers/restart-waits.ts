/**
 * How long to wait before a worker that ended is started anew: hardly at all the first time, for its work is waiting,
 * and longer each time that it does not stay up, for then something is wrong that another start does not mend.
 */

/** Not worth waiting longer for a crash that comes once a day; long enough not to spin on one that comes at once. */
const FIRST_MS = 100;

/** A start costs half a second of one core; once in fifteen seconds that is nothing, and a mended node is soon back. */
const LONGEST_MS = 15_000;

/** Who ran for a minute has started well: its end is a new story. */
const STEADY_MS = 60_000;

export class RestartWaits {
  #nextMs = FIRST_MS;

  /** After a worker that ran for so long. */
  afterMs(ranMs: number): number {
    if (ranMs >= STEADY_MS) this.#nextMs = FIRST_MS;
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(waitMs * 2, LONGEST_MS);
    return waitMs;
  }
}
