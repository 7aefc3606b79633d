/** Questions to one worker that have no answer yet. A worker that hangs answers none, so every one ends by its signal too. */

/** An admin's page asks two questions of each worker; more than this at once is a worker that answers none. */
const MAX_OPEN = 256;

export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export class Asks {
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  /** Rejects when the signal aborts or the worker ends. `send` gives the question its id. */
  async ask(send: (id: number) => void, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted || this.#open.size >= MAX_OPEN) throw new NoAnswer('not asked');
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    const onAbort = (): void => waiting.reject(new NoAnswer('no answer in time'));
    signal.addEventListener('abort', onAbort, { once: true });
    this.#open.set(id, waiting);
    try {
      send(id);
      return await waiting.promise;
    } finally {
      this.#open.delete(id);
      signal.removeEventListener('abort', onAbort);
    }
  }

  answered(id: number, answer: unknown): void {
    this.#open.get(id)?.resolve(answer);
  }

  /** Whoever was asked has ended. */
  giveUp(): void {
    for (const { reject } of this.#open.values()) reject(new NoAnswer('the worker has ended'));
  }
}
