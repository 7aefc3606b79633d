/**
 * How often and how much one peer may send, so that what each peer receives stays below 100 KiB a second in a fleet of
 * any size. All peers share that: each has its part, and every message takes from it. A pause saves up a little; a full
 * message or an event may run into debt, which the changes of the next seconds make good by being fewer.
 */
import type { Clock } from '@leeward/kernel';

/** Below 100 KiB, because the bus frames each message, and news is sent even in debt. */
const BYTES_PER_SECOND = 84 * 1024;

/** A message's frame of names and numbers, beside its entries, makes up half of a small one: so fewer of them in a crowd. */
const INTERVAL_PER_PEER_MS = 7.5;

/** A quarter of a second is less than a first token's time. */
const LEAST_INTERVAL_MS = 250;

/** Three of them are what silence is known by. */
const MOST_INTERVAL_MS = 3000;

/** What a quiet time saves up for the next rush. */
const SAVED_MS = 2000;

/** What changed goes out even in debt, at this part of the usual rate. */
const LEAST_PART = 0.35;

/** A full message repeats what is known, so it gets a quarter of the rate; and is due this often at the most. */
const FULL_PART = 0.25;
const LEAST_FULL_INTERVAL_MS = 10_000;

/** Between two messages of a peer that has so many others. */
export function intervalMs(others: number): number {
  return Math.min(MOST_INTERVAL_MS, Math.max(LEAST_INTERVAL_MS, others * INTERVAL_PER_PEER_MS));
}

export class Pace {
  readonly #clock: Clock;
  readonly #others: () => number;
  /** When all that was sent is paid for. */
  #paidAtMs = 0;

  constructor(clock: Clock, others: () => number) {
    this.#clock = clock;
    this.#others = others;
  }

  get intervalMs(): number {
    return intervalMs(this.#others());
  }

  /** How long a pause would pay for what was sent beyond the rate. */
  get debtMs(): number {
    return Math.max(0, this.#paidAtMs - this.#clock.nowMs());
  }

  /** For the next message of changes. */
  get affordableBytes(): number {
    const savedMs = Math.min(SAVED_MS, this.#clock.nowMs() - this.#paidAtMs);
    return this.#bytesPerMs * Math.max(savedMs, LEAST_PART * this.intervalMs);
  }

  spent(sizeBytes: number): void {
    const nowMs = this.#clock.nowMs();
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs - SAVED_MS) + sizeBytes / this.#bytesPerMs;
  }

  /** Between two full messages of such a size. */
  fullIntervalMs(sizeBytes: number): number {
    return Math.max(LEAST_FULL_INTERVAL_MS, sizeBytes / (this.#bytesPerMs * FULL_PART));
  }

  get #bytesPerMs(): number {
    return BYTES_PER_SECOND / 1000 / Math.max(1, this.#others());
  }
}
