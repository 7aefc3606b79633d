/** All workers of the node: started together, asked together, stopped together. */
import type { Clock, Timer } from '@leeward/kernel';
import type { Ended } from './fork-worker.ts';
import type { Question, ToWorker } from './words.ts';
import { WorkerFailure } from './worker-failure.ts';
import { type SlotDeps, WorkerSlot } from './worker-slot.ts';

/** Starting takes half a second of one core for each; a machine that needs more than this has another problem. */
const START_MS = 60_000;

export interface Answer {
  readonly worker: number;
  readonly answer: unknown;
}

export interface Answers {
  readonly answered: readonly Answer[];
  /** Workers that did not answer in time, or are not there. */
  readonly missing: readonly number[];
}

type CrewDeps = Omit<SlotDeps, 'onServing' | 'onEnded'> & {
  /** Told when a process has ended, before another begins in its place. */
  readonly onEnded: (index: number) => void;
};

export class Crew {
  readonly #clock: Clock;
  readonly #slots: readonly WorkerSlot[];
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #onEnded: (index: number) => void;
  #hasStarted = false;
  #isStopping = false;

  constructor(deps: CrewDeps, count: number) {
    this.#clock = deps.clock;
    this.#onEnded = deps.onEnded;
    const slotDeps: SlotDeps = {
      ...deps,
      onServing: () => this.#someServing(),
      onEnded: (index, ended) => this.#oneEnded(index, ended),
    };
    this.#slots = Array.from({ length: count }, (_, place) => new WorkerSlot(slotDeps, place + 1));
    // Whoever waits for the start hears of its failure; nobody may.
    this.#started.promise.catch(() => undefined);
  }

  get size(): number {
    return this.#slots.length;
  }

  get serving(): number {
    return this.#slots.filter(({ isServing }) => isServing).length;
  }

  /** Whether all have served at some time. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** Resolves when all serve; rejects when one cannot, and then none is left. */
  async start(): Promise<void> {
    const late = this.#clock.after(START_MS, () =>
      this.#started.reject(new WorkerFailure(`a worker did not begin within ${START_MS} ms`)),
    );
    try {
      for (const slot of this.#slots) slot.start();
      await this.#started.promise;
      this.#hasStarted = true;
    } catch (error) {
      await this.stop(0);
      throw error;
    } finally {
      late.cancel();
    }
  }

  tell(word: ToWorker): void {
    for (const slot of this.#slots) slot.tell(word);
  }

  async askAll(question: Question, signal: AbortSignal): Promise<Answers> {
    const settled = await Promise.allSettled(this.#slots.map((slot) => slot.ask(question, signal)));
    const answered: Answer[] = [];
    const missing: number[] = [];
    for (const [place, result] of settled.entries()) {
      if (result.status === 'fulfilled') answered.push({ worker: place + 1, answer: result.value });
      else missing.push(place + 1);
    }
    return { answered, missing };
  }

  /** Resolves to how many had to be killed when all have ended: by themselves, or killed when the time is over. */
  async stop(withinMs: number): Promise<number> {
    this.#isStopping = true;
    for (const slot of this.#slots) slot.stop();
    let killed = 0;
    const limit: Timer = this.#clock.after(withinMs, () => {
      const left = this.#slots.filter(({ isTaken }) => isTaken);
      killed = left.length;
      for (const slot of left) slot.kill();
    });
    this.#resolveWhenEmpty();
    await this.#ended.promise;
    limit.cancel();
    return killed;
  }

  #someServing(): void {
    if (this.serving === this.size) this.#started.resolve();
  }

  #oneEnded(index: number, { code, signal }: Ended): void {
    this.#onEnded(index);
    const how = signal === null ? `code ${String(code)}` : signal;
    this.#started.reject(new WorkerFailure(`worker ${index} ended with ${how} before it could serve`));
    if (this.#isStopping) this.#resolveWhenEmpty();
  }

  #resolveWhenEmpty(): void {
    if (!this.#slots.some(({ isTaken }) => isTaken)) this.#ended.resolve();
  }
}
