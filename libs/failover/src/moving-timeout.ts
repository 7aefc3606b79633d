import type { Clock, Timer } from '@leeward/kernel';

/**
 * One timer for a limit that moves. An attempt's limit changes with every phase and, in a stream, with every chunk:
 * moving it later is a store, and the timer that fires too early arms itself again for the rest.
 */
export class MovingTimeout {
  readonly #clock: Clock;
  readonly #onExpire: () => void;
  #limitAtMs = Number.POSITIVE_INFINITY;
  #armedAtMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock, onExpire: () => void) {
    this.#clock = clock;
    this.#onExpire = onExpire;
  }

  moveTo(atMs: number): void {
    this.#limitAtMs = atMs;
    if (atMs < this.#armedAtMs) this.#arm();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    this.#limitAtMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#armedAtMs = this.#limitAtMs;
    this.#timer = this.#clock.after(Math.max(0, this.#limitAtMs - this.#clock.nowMs()), () => this.#fired());
  }

  #fired(): void {
    this.#timer = undefined;
    this.#armedAtMs = Number.POSITIVE_INFINITY;
    if (this.#limitAtMs === Number.POSITIVE_INFINITY) return;
    // Half a millisecond: Node's timers round to whole ones and may fire that much early.
    if (this.#clock.nowMs() + 0.5 >= this.#limitAtMs) this.#onExpire();
    else this.#arm();
  }
}
