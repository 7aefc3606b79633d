/** Questions to one worker that have no answer yet. A worker that hangs answers none, so every one ends by its signal too. */

/** An admin's page asks three questions of each worker; with more than this unanswered it hangs, and is asked no more. */
const MAX_UNANSWERED = 64;

export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export class Asks {
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  /** Asked, whether somebody still waits for the answer or not: the question itself waits too, in the channel. */
  #unanswered = 0;

  /** Rejects when the signal aborts or the worker ends. `send` gives the question its id. */
  async ask(send: (id: number) => void, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted || this.#unanswered >= MAX_UNANSWERED) throw new NoAnswer('not asked');
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    const onAbort = (): void => waiting.reject(new NoAnswer('no answer in time'));
    signal.addEventListener('abort', onAbort, { once: true });
    this.#open.set(id, waiting);
    try {
      this.#unanswered++;
      send(id);
      return await waiting.promise;
    } finally {
      this.#open.delete(id);
      signal.removeEventListener('abort', onAbort);
    }
  }

  answered(id: number, answer: unknown): void {
    this.#unanswered--;
    this.#open.get(id)?.resolve(answer);
  }

  /** Whoever was asked has ended. */
  giveUp(): void {
    this.#unanswered = 0;
    for (const { reject } of this.#open.values()) reject(new NoAnswer('the worker has ended'));
  }
}
