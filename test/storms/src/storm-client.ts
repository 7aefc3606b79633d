/** A client that waits for all of its answer, and looks at what it got and when. */
import type { Downstream } from '@leeward/failover';
import type { Clock } from '@leeward/kernel';

/** Begins a comment, which keeps the connection open and tells the client nothing. */
const COLON = 0x3a;
const DATA = 'data: ';
const DONE = '[DONE]\n\n';
/** Modelled answers are plain, and have no quotes in them. */
const CONTENT = /"content":"([^"]*)"/g;

export class StormClient implements Downstream {
  readonly left = false;
  readonly #clock: Clock;
  readonly #writes: Buffer[] = [];
  readonly #toldAtMs: number[] = [];
  #signal: AbortSignal | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  onLeave(): void {
    // It never leaves: its deadline is the gateway's to keep.
  }

  beginStream(): void {
    // The head says nothing that is measured.
  }

  write(bytes: Buffer): boolean {
    this.#writes.push(bytes);
    if (bytes[0] !== COLON) this.#toldAtMs.push(this.#clock.nowMs());
    return true;
  }

  onDrain(): void {
    // It is never slow.
  }

  end(): void {
    // What was written tells.
  }

  /** When it next got something of the answer, after a moment; undefined when that was all. */
  toldAfter(momentMs: number): number | undefined {
    return this.#toldAtMs.find((atMs) => atMs > momentMs);
  }

  /** The text it would show, if the stream ended as a whole answer does; else undefined. */
  get text(): string | undefined {
    const written = Buffer.concat(this.#writes).toString('latin1');
    // What comes behind the last event's empty line is nothing.
    const last = written.lastIndexOf(DATA);
    if (last < 0 || !written.startsWith(DONE, last + DATA.length)) return undefined;
    let text = '';
    for (const [, content = ''] of written.matchAll(CONTENT)) text += content;
    return text;
  }
}
