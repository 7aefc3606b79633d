/**
 * A clock that jumps from event to event: minutes of traffic in the time that their work takes. Events happen in order
 * of time, then of creation, and between two of them every promise that can settle has settled.
 *
 * That is what Node's tick queue is for: ticks run when the queue of microtasks is empty, so waiting for one tick is an
 * exact drain, at a fraction of a turn of the event loop (which testkit's VirtualClock takes).
 */
import type { Clock, Timer } from '@leeward/kernel';

/** 2026-01-01T00:00:00Z: any fixed instant at the start of a minute. */
const MINUTE_START_MS = 1_767_225_600_000;

class ClockEvent implements Timer {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;

  constructor(atMs: number, order: number, run: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.run = run;
  }

  /** Stays in the heap until its time comes, and then does nothing. */
  cancel(): void {
    this.run = undefined;
  }
}

export class EventClock implements Clock {
  readonly #wallOriginMs: number;
  readonly #heap: ClockEvent[] = [];
  #nowMs = 0;
  #order = 0;

  /** @param intoMinuteMs how far the wall clock's minute has gone at the start */
  constructor(intoMinuteMs = 0) {
    this.#wallOriginMs = MINUTE_START_MS + intoMinuteMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOriginMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const event = new ClockEvent(this.#nowMs + Math.max(0, delayMs), this.#order++, run);
    this.#push(event);
    return event;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        timer.cancel();
        reject(signal.reason);
      };
      const timer = this.after(delayMs, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Lets things happen until `isOver`. */
  runUntil(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (isOver()) resolve();
          else {
            this.#next();
            // A tick that is asked for by a tick comes before what that one has promised; by a microtask, after it.
            queueMicrotask(settle);
          }
        } catch (error) {
          reject(error);
        }
      };
      const settle = () => process.nextTick(step);
      settle();
    });
  }

  #next(): void {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) throw new Error('nothing is left to happen, and it is not over');
      const { run } = event;
      if (run === undefined) continue;
      this.#nowMs = event.atMs;
      run();
      return;
    }
  }

  #push(event: ClockEvent): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = heap[parentPlace];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[place] = parent;
      place = parentPlace;
    }
    heap[place] = event;
  }

  #pop(): ClockEvent | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const takesRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = takesRight ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      heap[place] = child;
      place = 2 * place + (takesRight ? 2 : 1);
    }
    heap[place] = last;
    return first;
  }
}

function isBefore(one: ClockEvent, other: ClockEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
