/**
 * Chats sent at a steady pace, whatever their answers take, every other one a stream. Clients that wait for an answer
 * before they ask again would be slowed down by a slow key, and so hide how much of the traffic goes there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';
import { countChat, type Tally } from './traffic.ts';

/** A rate that two cores can bear with three processes on them, and that leaves each of five keys one or two in flight. */
const GAP_MS = 16;

/** Words of each answer: short, so that a key's first-token time is most of what it takes. */
const WORDS = 8;

export class SteadyChats {
  readonly #client: OpenAI;
  readonly #name: string;
  readonly #tally: Tally = { right: 0, wrong: [], errors: [] };
  readonly #sent: Promise<void>[] = [];

  constructor(client: OpenAI, name: string) {
    this.#client = client;
    this.#name = name;
  }

  get sent(): number {
    return this.#sent.length;
  }

  /** Resolves when so many more have been sent; their answers are yet to come. */
  async send(count: number, { gapMs = GAP_MS }: { readonly gapMs?: number } = {}): Promise<void> {
    const startedMs = performance.now();
    for (let number = 1; number <= count; number++) {
      const index = this.#sent.length;
      const options = { name: `${this.#name} ${index}`, words: WORDS, stream: index % 2 === 1 };
      this.#sent.push(countChat(this.#tally, this.#client, options));
      await sleep(Math.max(0, startedMs + number * gapMs - performance.now()));
    }
  }

  /** What came of all that were sent, once the last answer is in. */
  async ended(): Promise<Readonly<Tally>> {
    await Promise.all(this.#sent);
    return this.#tally;
  }
}
