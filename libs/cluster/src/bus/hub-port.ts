/** What lies between a hub and one of its buses: a channel to another process, or in a test whatever carries words in order. */
import { MAX_MESSAGE_BYTES, type Subject } from '../shapes.ts';

export type HubWord =
  | { readonly kind: 'bus-message'; readonly subject: Subject; readonly bytes: Uint8Array }
  /** From the hub alone: whether what is said from now on is passed on. */
  | { readonly kind: 'bus-open'; readonly isOpen: boolean };

export interface Port {
  /** Returns at once. `taken` is called when the word is off this side's hands; never, when the other side has ended. */
  post(word: HubWord, taken: () => void): void;
}

/** Four of the largest messages: what may be lost in a process that has stopped, and all that is kept for it. */
const MAX_UNTAKEN_BYTES = 4 * MAX_MESSAGE_BYTES;

/** What a message costs beside its bytes; bounds how many small ones wait (16,384). */
const ENVELOPE_BYTES = 64;

/** A port that does not pile up what the other side does not read. */
export class BoundedPort {
  readonly #port: Port;
  #untakenBytes = 0;
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(port: Port) {
    this.#port = port;
  }

  /** Answers whether there was room for it. */
  post(word: HubWord): boolean {
    const sizeBytes = ENVELOPE_BYTES + (word.kind === 'bus-message' ? word.bytes.byteLength : 0);
    // Whether it is open is told in any case: there are two such words in a bus's life, and all others hang on them.
    if (word.kind === 'bus-message' && this.#untakenBytes + sizeBytes > MAX_UNTAKEN_BYTES) return false;
    this.#untakenBytes += sizeBytes;
    this.#port.post(word, () => {
      this.#untakenBytes -= sizeBytes;
      if (this.#untakenBytes > 0) return;
      this.#emptied?.resolve();
      this.#emptied = undefined;
    });
    return true;
  }

  /** Resolves when all that was posted is taken, or the signal aborts. */
  emptied(signal: AbortSignal): Promise<void> {
    if (this.#untakenBytes === 0 || signal.aborted) return Promise.resolve();
    this.#emptied ??= Promise.withResolvers<void>();
    const { promise } = this.#emptied;
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      void promise.then(done);
    });
  }
}
