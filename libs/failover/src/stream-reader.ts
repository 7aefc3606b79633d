/**
 * Reads one attempt's event stream for the relay: decodes, holds everything back until the first content, and knows
 * when the answer is complete. An answer is complete when each of its choices has given a finish reason; a `[DONE]`, or
 * a socket closed in good order, without that is a stream cut short.
 */
import type { Clock } from '@leeward/kernel';
import { classifyErrorFrame, fault, type Outcome, type UpstreamHeaders } from '@leeward/upstream';
import {
  type ChunkFacts,
  type JsonObject,
  readChunk,
  SseDecoder,
  type SseEvent,
  SseOverflowError,
  type Usage,
} from '@leeward/wire';
import type { Chunk, StreamRelay } from './stream-relay.ts';

export type Progress =
  /** `heard`: something came that shows a working upstream. `full`: the client cannot take more just now. */
  | { readonly kind: 'more'; readonly heard: boolean; readonly full: boolean }
  | { readonly kind: 'complete'; readonly usage: Usage | undefined }
  | { readonly kind: 'broken'; readonly heard: boolean; readonly outcome: Outcome };

/** Tool calls come whole, so one event may carry a long argument list; a megabyte is beyond every model's output. */
const MAX_EVENT_BYTES = 1024 * 1024;

/** Contentless chunks before the first content; vendors send one or two. */
const MAX_HELD_CHUNKS = 64;

export class StreamReader {
  readonly #relay: StreamRelay;
  readonly #choices: number;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #dialect: 'mistral' | 'openai';
  readonly #onCommit: (headers: UpstreamHeaders) => void;
  readonly #decoder = new SseDecoder({ maxEventBytes: MAX_EVENT_BYTES });
  #held: Chunk[] | undefined = [];
  /** Indexes of the choices that have ended. */
  readonly #finished = new Set<unknown>();
  #done = false;

  constructor(
    relay: StreamRelay,
    options: {
      readonly dialect: 'mistral' | 'openai';
      readonly choices: number;
      /** Limits are over at a moment of the wall clock. */
      readonly clock: Pick<Clock, 'wallMs'>;
      /** Called at the first content, before anything is written. */
      readonly onCommit: (headers: UpstreamHeaders) => void;
    },
  ) {
    this.#relay = relay;
    this.#dialect = options.dialect;
    this.#choices = options.choices;
    this.#clock = options.clock;
    this.#onCommit = options.onCommit;
  }

  get usage(): Usage | undefined {
    return this.#relay.usage;
  }

  take(bytes: Buffer, headers: UpstreamHeaders): Progress {
    let heard = false;
    try {
      for (const event of this.#decoder.push(bytes)) {
        if (this.#done) break;
        if (event.data === '') continue;
        if (event.data === '[DONE]') {
          if (!this.#isComplete) return this.#broken(fault('truncated'), heard);
          this.#finish();
          return { kind: 'complete', usage: this.#relay.usage };
        }
        const outcome = this.#takeEvent(event, headers);
        if (outcome !== undefined) return this.#broken(outcome, heard);
        heard ||= this.#held === undefined;
      }
    } catch (error) {
      // Both are the upstream's doing: an event beyond all bounds, or one that is not JSON.
      if (error instanceof SyntaxError) return this.#broken(fault('not-json'), heard);
      if (error instanceof SseOverflowError) return this.#broken(fault('oversized'), heard);
      throw error;
    }
    return { kind: 'more', heard, full: !this.#relay.flush() };
  }

  /** Whether the answer is whole although no `[DONE]` came; if so, the client gets its proper end. */
  endsWell(): boolean {
    if (this.#done) return true;
    if (!this.#isComplete) return false;
    this.#finish();
    return true;
  }

  /** Whether another target could go on from what the client has. */
  get resumable(): boolean {
    return this.#relay.resumableText !== undefined;
  }

  /** When the client has waited so long in silence that it needs a sign; never before the commit. */
  get keepAliveAtMs(): number {
    return this.#relay.keepAliveAtMs;
  }

  keepAlive(): void {
    this.#relay.keepAlive();
  }

  onDrain(resume: () => void): void {
    this.#relay.onDrain(resume);
  }

  get #isComplete(): boolean {
    return this.#finished.size >= this.#choices;
  }

  #takeEvent(event: SseEvent, headers: UpstreamHeaders): Outcome | undefined {
    const json = JSON.parse(event.data) as JsonObject | null;
    if (json === null || typeof json !== 'object') return fault('not-json');
    const facts = readChunk(this.#dialect, json);
    if (facts.error !== undefined || facts.finishReason === 'error')
      return classifyErrorFrame(facts.error, this.#clock.wallMs());
    this.#noteFinished(json, facts);
    const chunk = { json, raw: event.raw, facts };
    if (this.#held === undefined) return this.#relay.push(chunk) ? undefined : fault('diverged');
    this.#held.push(chunk);
    if (this.#held.length > MAX_HELD_CHUNKS) return fault('empty');
    if (!facts.content && facts.finishReason === undefined) return undefined;
    return this.#commit(this.#held, headers);
  }

  /** The facts tell of the first choice alone, which nearly always is the only one. */
  #noteFinished(json: JsonObject, facts: ChunkFacts): void {
    if (facts.finishReason !== undefined) this.#finished.add(0);
    const { choices } = json;
    if (this.#choices === 1 || !Array.isArray(choices)) return;
    for (const choice of choices) {
      if (choice === null || typeof choice !== 'object' || Array.isArray(choice)) continue;
      if (typeof choice['finish_reason'] === 'string') this.#finished.add(choice['index'] ?? 0);
    }
  }

  #commit(held: readonly Chunk[], headers: UpstreamHeaders): Outcome | undefined {
    this.#held = undefined;
    this.#onCommit(headers);
    return held.every((chunk) => this.#relay.push(chunk)) ? undefined : fault('diverged');
  }

  #broken(outcome: Outcome, heard: boolean): Progress {
    this.#done = true;
    this.#relay.flush();
    return { kind: 'broken', heard, outcome };
  }

  #finish(): void {
    this.#done = true;
    this.#relay.finish();
  }
}
