/**
 * How much a target gets when it has just recovered. What was down comes back cold and small, and everybody waits for
 * it: without a bound the first to recover would get all of the traffic and fall again. So it begins with a handful of
 * requests at once, and each success that took no longer than is usual lets in one more, which doubles the traffic with
 * each round of answers. The first late answer says how much it can take: from then on a round of answers lets in one
 * more, and late ones take back what they were too many. Faults take back half. (TCP's slow start and congestion
 * avoidance, RFC 5681, for the same reasons.)
 */
import type { Clock } from '@leeward/kernel';

const FIRST_WINDOW = 2;

/** Late answers come in crowds, a whole queue of them: each takes little. */
const TAKEN_WHEN_LATE = 0.25;
const KEPT_WHEN_LATE = 0.75;

/** More than this at once is no longer a start. */
const LAST_WINDOW = 256;

/** When nothing was late or failed for so long, a window with room in it holds nobody back any more. */
const CALM_MS = 30_000;

export class SlowStart {
  readonly #clock: Clock;
  /** Undefined when not in a slow start. */
  #window: number | undefined;
  /** Above it, growth is slow: where answers were late before. */
  #threshold = LAST_WINDOW;
  /** When it began, or something was last late or failed. */
  #troubledAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Requests at once, in whole ones. */
  get window(): number | undefined {
    return this.#window === undefined ? undefined : Math.ceil(this.#window);
  }

  begin(): void {
    this.#window = FIRST_WINDOW;
    this.#threshold = LAST_WINDOW;
    this.#troubledAtMs = this.#clock.nowMs();
  }

  admits(inFlight: number): boolean {
    return this.#window === undefined || inFlight < this.#window;
  }

  /** @param inFlight with the one that has just shown its first token */
  answered(inFlight: number, inTime: boolean): void {
    if (this.#window === undefined) return;
    const nowMs = this.#clock.nowMs();
    if (!inTime) {
      this.#troubledAtMs = nowMs;
      this.#threshold = Math.max(FIRST_WINDOW, this.#window * KEPT_WHEN_LATE);
      this.#window = Math.max(FIRST_WINDOW, this.#window - TAKEN_WHEN_LATE);
    } else if (inFlight + 1 > this.#window) {
      // A window that is not used up says nothing about what a larger one would do.
      this.#window += this.#window < this.#threshold ? 1 : 1 / this.#window;
      if (this.#window > LAST_WINDOW) this.#window = undefined;
    } else if (nowMs - this.#troubledAtMs > CALM_MS) {
      // Not while there is more to do than it lets in: all of that would come at once.
      this.#window = undefined;
    }
  }

  failed(): void {
    if (this.#window === undefined) return;
    this.#troubledAtMs = this.#clock.nowMs();
    this.#window = Math.max(FIRST_WINDOW, this.#window / 2);
  }
}
