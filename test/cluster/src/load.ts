/**
 * Clients of a cluster, as its users are: the real OpenAI SDK behind a load balancer, with the two retries that SDKs make
 * by default, each of which the balancer sends to the next node. Chats come at a steady rate whatever their answers take,
 * every other one a stream; each answer is compared with the text that the simulator must have given.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { answerFor } from '@leeward/mistral-sim';
import OpenAI from 'openai';
import { CLIENT_KEY, ROUTE } from './cluster.ts';
import type { GatewayNode } from './gateway-node.ts';

export interface LoadOptions {
  readonly perSecond: number;
  /** How often each node is chosen, against the others; all alike unless said. */
  readonly weights?: readonly number[];
  readonly maxRetries?: number;
  /** Of each answer. */
  readonly words?: number;
}

/** One chat that a client had. */
export interface ChatRecord {
  readonly name: string;
  /** Whom its tries were sent to, the last one last. */
  readonly nodes: string[];
  state: 'running' | 'right' | 'wrong' | 'failed';
  /** What the client was given instead of its answer. */
  problem?: unknown;
}

/** What the SDKs do unless told otherwise. */
const SDK_RETRIES = 2;

/** Short, so that first-token times are most of what a chat takes. */
const WORDS = 8;

/** Fine enough that some dozens of chats a second do not come in bunches. */
const TICK_MS = 5;

/** Nodes that answer nothing more must fail a test, not fill the machine's memory. */
const MAX_RUNNING = 2000;

/** Far more than a test sends; the demo runs for as long as someone watches. */
const MAX_RECORDS = 20_000;

/** Longer than any route's total time here: what takes longer hangs. */
const HANGS_MS = 90_000;

export class Load {
  readonly #nodes: readonly GatewayNode[];
  readonly #options: LoadOptions;
  readonly #turns: number[];
  readonly #records: ChatRecord[] = [];
  readonly #running = new Set<Promise<void>>();
  #sent = 0;
  #isOver = false;
  #sending: Promise<void> = Promise.resolve();

  constructor(nodes: readonly GatewayNode[], options: LoadOptions) {
    this.#nodes = nodes;
    this.#options = options;
    this.#turns = nodes.map(() => 0);
  }

  /** The last ones, which are all of any test's. */
  get records(): readonly ChatRecord[] {
    return this.#records;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Begins to send, and goes on until it is stopped. */
  start(): this {
    this.#sending = this.#send();
    return this;
  }

  /** Resolves when so many more have been sent; their answers are yet to come. */
  async more(count: number): Promise<void> {
    const until = this.sent + count;
    while (this.sent < until) await sleep(TICK_MS);
  }

  /** What came of all that were sent, once the last answer is in. */
  async stop(): Promise<readonly ChatRecord[]> {
    this.#isOver = true;
    await this.#sending;
    await Promise.all(this.#running);
    return this.#records;
  }

  /** So many at once, beside the steady ones; resolves with them when all have ended. */
  async burst(count: number): Promise<readonly ChatRecord[]> {
    return Promise.all(Array.from({ length: count }, () => this.#begin()));
  }

  async #send(): Promise<void> {
    const startedMs = performance.now();
    for (let due = 0; !this.#isOver; await sleep(TICK_MS)) {
      const elapsedMs = performance.now() - startedMs;
      for (; due < (elapsedMs / 1000) * this.#options.perSecond; due++) {
        void this.#begin();
      }
    }
  }

  async #begin(): Promise<ChatRecord> {
    const record: ChatRecord = { name: `chat ${this.#sent}`, nodes: [], state: 'running' };
    const stream = this.#sent % 2 === 1;
    this.#sent++;
    this.#records.push(record);
    if (this.#records.length > MAX_RECORDS) this.#records.splice(0, MAX_RECORDS / 2);
    if (this.#running.size >= MAX_RUNNING) {
      record.state = 'failed';
      record.problem = `not sent: ${MAX_RUNNING} others wait for their answers`;
      return record;
    }
    const one: Promise<void> = this.#chat(record, stream).finally(() => this.#running.delete(one));
    this.#running.add(one);
    await one;
    return record;
  }

  /** Never rejects: an error is a result. */
  async #chat(record: ChatRecord, stream: boolean): Promise<void> {
    const messages = [{ role: 'user' as const, content: `${record.name} [words=${this.#options.words ?? WORDS}]` }];
    try {
      const text = await this.#ask(this.#client(record), messages, stream);
      record.state = text === answerFor({ messages }).text ? 'right' : 'wrong';
      if (record.state === 'wrong') record.problem = text;
    } catch (error) {
      record.state = 'failed';
      record.problem = error;
    }
  }

  async #ask(client: OpenAI, messages: { role: 'user'; content: string }[], stream: boolean): Promise<string> {
    const request = { model: ROUTE, messages };
    if (!stream) {
      const answer = await client.chat.completions.create(request);
      return answer.choices[0]?.message.content ?? '';
    }
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    return text;
  }

  #client(record: ChatRecord): OpenAI {
    let turn = this.#nextTurn();
    return new OpenAI({
      baseURL: 'http://balancer.invalid/v1',
      apiKey: CLIENT_KEY,
      maxRetries: this.#options.maxRetries ?? SDK_RETRIES,
      timeout: HANGS_MS,
      fetch: (url, init) => {
        const node = this.#nodes[turn % this.#nodes.length];
        turn++;
        if (node === undefined) throw new Error('there is no node');
        record.nodes.push(node.name);
        return fetch(
          String(url instanceof Request ? url.url : url).replace('http://balancer.invalid', node.dataUrl),
          init,
        );
      },
    });
  }

  /** Smooth weighted round robin: the node that is owed most. */
  #nextTurn(): number {
    const weights = this.#nodes.map((_, index) => this.#options.weights?.[index] ?? 1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights.forEach((weight, index) => {
      this.#turns[index] = (this.#turns[index] ?? 0) + weight;
    });
    const chosen = this.#turns.indexOf(Math.max(...this.#turns));
    this.#turns[chosen] = (this.#turns[chosen] ?? 0) - total;
    return chosen;
  }
}

/** For an assertion that shows what went wrong: each chat that did not get its answer. */
export function notRight(records: readonly ChatRecord[]): readonly ChatRecord[] {
  return records.filter(({ state }) => state !== 'right');
}
