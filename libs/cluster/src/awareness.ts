/**
 * How far this process may trust what it sees: 0, well, to 8, ill. A process whose event loop stands still measures its
 * own pauses as the upstreams' slowness, and one that has lost the bus takes silence for death; without this it would
 * accuse everyone. Each sign of illness counts one up at least, each good second one down, so that it is believed again
 * only after it has been well for as long as it was ill.
 *
 * Others weigh its observations by it, and it is itself the slower to call others dead.
 */
import type { Clock, Timer } from '@leeward/kernel';
import { type Bus, MOST_ILL } from './shapes.ts';

/** Often enough to notice a pause that would spoil a first token's time, rarely enough to cost nothing. */
const TICK_MS = 500;

/** Twice what a busy loop's turn takes; a collector's pause or two a minute is no illness. */
const LATE_MS = 100;

/** Each doubling of the lateness counts one more: a second counts four, and ten of them are enough for the whole scale. */
export function illnessOf(lateMs: number): number {
  if (!(lateMs >= LATE_MS)) return 0;
  return Math.min(MOST_ILL, 1 + Math.floor(Math.log2(lateMs / LATE_MS)));
}

export interface AwarenessDeps {
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'state'>;
}

export class Awareness {
  readonly #deps: AwarenessDeps;
  #health = 0;
  #isTickGood = false;
  #timer: Timer | undefined;

  constructor(deps: AwarenessDeps) {
    this.#deps = deps;
  }

  get health(): number {
    return this.#health;
  }

  start(): void {
    if (this.#timer === undefined) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    const dueMs = this.#deps.clock.nowMs() + TICK_MS;
    this.#timer = this.#deps.clock.after(TICK_MS, () => {
      this.#judge(this.#deps.clock.nowMs() - dueMs);
      this.#wait();
    });
  }

  #judge(lateMs: number): void {
    const illness = illnessOf(lateMs) + (this.#deps.bus.state === 'connected' ? 0 : 1);
    // Two good ticks are a good second.
    const recovery = illness === 0 && this.#isTickGood ? 1 : 0;
    this.#isTickGood = illness === 0 && !this.#isTickGood;
    this.#health = Math.max(0, Math.min(MOST_ILL, this.#health + illness - recovery));
  }
}
