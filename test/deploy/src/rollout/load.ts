/**
 * Clients during a rollout: some have long streams, one after the other; some ask for short answers. All keep their
 * connections. A request whose connection broke before an answer began is tried again, as vendors' SDKs do it: no server
 * can close a kept connection without the risk that something is just being sent on it. What has begun is never tried
 * again.
 */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerFor } from '@leeward/mistral-sim';

export interface LoadOptions {
  readonly url: string;
  readonly clientKey: string;
  /** At once. */
  readonly streams: number;
  /** Until a stream's client asks for its first: they are not to begin together. */
  readonly spreadMs: number;
}

export interface Tally {
  /** Whole and right, to the last byte. */
  whole: number;
  short: number;
  /** Requests that were tried again. */
  again: number;
  /** What went wrong, in words. */
  readonly problems: string[];
}

/** Short answers in a second: enough that one is always about to be sent. */
const SHORT_EVERY_MS = 20;

/** Mistral's and OpenAI's SDKs try twice more, after about so long. */
const RETRY_AFTER_MS = [500, 1000];

/** Of a stream, and so its length: the simulator takes its time for each token. */
export const STREAM_WORDS = 40;

export class Load {
  readonly tally: Tally = { whole: 0, short: 0, again: 0, problems: [] };
  readonly #options: LoadOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #running: Promise<void>[];
  #isOver = false;
  #streaming = 0;
  #count = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const stagger = options.spreadMs / options.streams;
    this.#running = Array.from({ length: options.streams }, (_, index) => this.#haveStreams(index * stagger));
    this.#running.push(this.#askShort());
  }

  /** Clients of streams that have begun to ask. */
  get streaming(): number {
    return this.#streaming;
  }

  /** Lets what runs come to its end. */
  async end(): Promise<Tally> {
    this.#isOver = true;
    await Promise.all(this.#running);
    this.#agent.destroy();
    return this.tally;
  }

  async #haveStreams(delayMs: number): Promise<void> {
    await sleep(delayMs);
    this.#streaming++;
    while (!this.#isOver) {
      const { ask, expected } = this.#chat(STREAM_WORDS, true);
      try {
        const body = await ask();
        if (streamText(body) === expected) this.tally.whole++;
        else this.#problem(`a stream was cut: ${JSON.stringify(body.slice(-200))}`);
      } catch (error) {
        this.#problem(`a stream failed: ${String(error)}`);
      }
    }
  }

  async #askShort(): Promise<void> {
    const asked: Promise<void>[] = [];
    while (!this.#isOver) {
      asked.push(this.#askOne());
      await sleep(SHORT_EVERY_MS);
    }
    await Promise.all(asked);
  }

  async #askOne(): Promise<void> {
    const { ask, expected } = this.#chat(2, false);
    try {
      if ((await ask()).includes(JSON.stringify(expected).slice(1, -1))) this.tally.short++;
      else this.#problem('a short answer was wrong');
    } catch (error) {
      this.#problem(`a short request failed: ${String(error)}`);
    }
  }

  #chat(words: number, stream: boolean): { readonly ask: () => Promise<string>; readonly expected: string } {
    const messages = [{ role: 'user' as const, content: `rollout ${this.#count++} [words=${words}]` }];
    const body = JSON.stringify({ model: 'mistral-small-latest', stream, messages });
    return { ask: () => this.#ask(body, RETRY_AFTER_MS), expected: answerFor({ messages }).text };
  }

  async #ask(body: string, [waitMs, ...waits]: readonly number[]): Promise<string> {
    try {
      return await this.#send(body);
    } catch (error) {
      if (!(error instanceof BrokenConnection) || waitMs === undefined) throw error;
    }
    this.tally.again++;
    await sleep(waitMs);
    return this.#ask(body, waits);
  }

  #send(body: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.#options.clientKey}`, 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const path = `${this.#options.url}/v1/chat/completions`;
      const asking = request(path, { agent: this.#agent, method: 'POST', headers }, (response) => {
        text(response).then(
          (all) => (response.statusCode === 200 ? resolve(all) : reject(new Error(`${response.statusCode} ${all}`))),
          reject,
        );
      });
      asking.once('error', (error) => reject(new BrokenConnection(error.message)));
      asking.end(body);
    });
  }

  #problem(words: string): void {
    this.tally.problems.push(words);
  }
}

/** Before an answer began. */
class BrokenConnection extends Error {}

/** The text of a stream that ended as one should, else undefined. */
function streamText(body: string): string | undefined {
  let said = '';
  for (const event of body.split('\n\n')) {
    if (!event.startsWith('data: ')) continue;
    if (event === 'data: [DONE]') return said;
    const { choices } = JSON.parse(event.slice('data: '.length)) as {
      readonly choices?: readonly { readonly delta?: { readonly content?: string } }[];
    };
    said += choices?.[0]?.delta?.content ?? '';
  }
  return undefined;
}
