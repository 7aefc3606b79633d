/**
 * How much a target gets when it has just recovered. What was down comes back cold and small, and everybody waits for
 * it: without a bound the first to recover would get all of the traffic and fall again. So it begins with a handful of
 * requests at once, and each success that took no longer than is usual lets in one more, which doubles the traffic with each
 * round of answers (TCP's slow start, RFC 5681, for the same reason). Late answers take one back, faults half.
 */
import type { Clock } from '@leeward/kernel';

const FIRST_WINDOW = 2;

/** More than this at once is no longer a start. */
const LAST_WINDOW = 256;

/** When so much time has passed, and not half of the window was used, it holds nobody back any more. */
const UNUSED_MS = 30_000;

export class SlowStart {
  readonly #clock: Clock;
  /** Undefined when not in a slow start. */
  #window: number | undefined;
  #usedAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get window(): number | undefined {
    return this.#window;
  }

  begin(): void {
    this.#window = FIRST_WINDOW;
    this.#usedAtMs = this.#clock.nowMs();
  }

  admits(inFlight: number): boolean {
    return this.#window === undefined || inFlight < this.#window;
  }

  /** @param inFlight with the one that has just shown its first token */
  answered(inFlight: number, inTime: boolean): void {
    if (this.#window === undefined) return;
    const nowMs = this.#clock.nowMs();
    // A window that is not used says nothing about what a larger one would do.
    const isUsed = inFlight * 2 >= this.#window;
    if (isUsed) this.#usedAtMs = nowMs;
    if (!inTime) this.#window = Math.max(FIRST_WINDOW, this.#window - 1);
    else if (isUsed) this.#window++;
    if (this.#window > LAST_WINDOW || nowMs - this.#usedAtMs > UNUSED_MS) this.#window = undefined;
  }

  failed(): void {
    if (this.#window !== undefined) this.#window = Math.max(FIRST_WINDOW, Math.floor(this.#window / 2));
  }
}
