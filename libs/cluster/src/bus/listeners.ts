/**
 * Who wants to hear of something. One that joins or leaves while something is told does so from the next telling on,
 * and one that throws keeps nobody else from hearing: its error leaves as an uncaught one, which is what a fault in a
 * program is. (Thrown through the telling, it would end up in a vendor's reader, which would swallow it and go deaf.)
 */
import type { Unsubscribe } from '../shapes.ts';

/** Subscribers are parts of this program, a handful; more than this is one that subscribes and never leaves. */
const MAX_LISTENERS = 100;

export class Listeners<T> {
  #all: readonly ((told: T) => void)[] = [];

  add(run: (told: T) => void): Unsubscribe {
    if (this.#all.length >= MAX_LISTENERS) throw new RangeError(`more than ${MAX_LISTENERS} listeners`);
    // A function of its own for each, so that the same one may be added twice and each leave by itself.
    const added = (told: T): void => run(told);
    this.#all = [...this.#all, added];
    return () => {
      this.#all = this.#all.filter((one) => one !== added);
    };
  }

  tell(told: T): void {
    for (const run of this.#all) {
      try {
        run(told);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#all = [];
  }
}
