/**
 * Many streams at once. Each starts at its own due time, spread over a second so that they do not all begin in the same
 * instant, and its first token counts from that time. Every chunk carries when the upstream sent it: a gap between two
 * chunks longer here than there by more than STALL_MS is a stall the subject made (the same load straight to the
 * upstream shows how many the harness itself makes).
 */
import { nowMicros } from '../clock.ts';
import { readContentEvent, type StreamShape } from '../contract.ts';
import { percentile } from '../stats.ts';
import { Connection } from './connection.ts';
import { pace } from './pacer.ts';
import { type Recipe, requestBytes } from './request.ts';
import type { Tally } from './tally.ts';

/** What a reader of a chat begins to notice as a hitch. */
const STALL_MS = 50;
const LEAD_MICROS = 150_000;
/** Past the time the streams themselves take. */
const DRAIN_WITHIN_MS = 10_000;

export interface Streams {
  recipe: Recipe;
  streams: number;
  spreadMs: number;
  shape: StreamShape;
}

export interface StreamsResult extends Tally {
  elapsedMs: number;
  chunks: number;
  firstTokenP50Ms: number;
  firstTokenP99Ms: number;
  /** From the upstream's write to the client's read. */
  transitP50Ms: number;
  transitP99Ms: number;
  stalls: number;
  worstStallMs: number;
}

interface Seen {
  firstTokenMicros: number[];
  transitMicros: number[];
  stalls: number;
  worstStallMs: number;
}

/** One stream's reading: in order, whole, ended by a finish reason and [DONE]. */
class StreamReader {
  readonly #seen: Seen;
  readonly #chunks: number;
  readonly dueMicros: number;
  #carry = '';
  #sequence = 0;
  #right = true;
  #finished = false;
  #done = false;
  #last = { sentMicros: 0, readMicros: 0 };

  constructor(options: { dueMicros: number; chunks: number; seen: Seen }) {
    this.dueMicros = options.dueMicros;
    this.#chunks = options.chunks;
    this.#seen = options.seen;
  }

  head(status: number): void {
    this.#right &&= status === 200;
  }

  body(bytes: Buffer): void {
    const readMicros = nowMicros();
    const text = this.#carry + bytes.toString('latin1');
    let at = 0;
    for (let end = text.indexOf('\n\n', at); end >= 0; end = text.indexOf('\n\n', at)) {
      this.#event(text.slice(at, end), readMicros);
      at = end + 2;
    }
    this.#carry = text.slice(at);
  }

  #event(text: string, readMicros: number): void {
    const content = readContentEvent(text);
    if (content !== undefined) {
      this.#content(content, readMicros);
      return;
    }
    if (text.includes('"finish_reason":"stop"')) this.#finished = true;
    else if (text === 'data: [DONE]') this.#done = true;
  }

  #content(content: { sequence: number; sentMicros: number }, readMicros: number): void {
    this.#right &&= content.sequence === this.#sequence;
    this.#seen.transitMicros.push(readMicros - content.sentMicros);
    if (this.#sequence === 0) this.#seen.firstTokenMicros.push(readMicros - this.dueMicros);
    else {
      const gap = readMicros - this.#last.readMicros - (content.sentMicros - this.#last.sentMicros);
      if (gap > STALL_MS * 1000) this.#seen.stalls += 1;
      this.#seen.worstStallMs = Math.max(this.#seen.worstStallMs, gap / 1000);
    }
    this.#last = { sentMicros: content.sentMicros, readMicros };
    this.#sequence += 1;
  }

  get right(): boolean {
    return this.#right && this.#finished && this.#done && this.#sequence === this.#chunks && this.#carry === '';
  }
}

export async function runStreams(task: Streams): Promise<StreamsResult> {
  const request = requestBytes(task.recipe);
  const tally: Tally = { sent: 0, answered: 0, wrong: 0, broken: 0 };
  const seen: Seen = { firstTokenMicros: [], transitMicros: [], stalls: 0, worstStallMs: 0 };
  const finished = Promise.withResolvers<void>();
  const over = () => {
    if (tally.answered + tally.broken === task.streams) finished.resolve();
  };
  const everyMicros = (task.spreadMs * 1000) / task.streams;
  let startMicros = 0;

  const open = async (index: number): Promise<Connection> => {
    let reader: StreamReader | undefined;
    starters[index] = () => {
      const dueMicros = startMicros + index * everyMicros;
      reader = new StreamReader({ dueMicros, chunks: task.shape.chunks, seen });
      tally.sent += 1;
      connection.send(request);
    };
    const connection = await Connection.open(task.recipe.port, {
      head: (status) => reader?.head(status),
      body: (bytes) => reader?.body(bytes),
      end: () => {
        tally.answered += 1;
        if (reader?.right !== true) tally.wrong += 1;
        over();
      },
      broken: () => {
        tally.broken += 1;
        over();
      },
    });
    return connection;
  };

  const starters: (() => void)[] = [];
  const connections = await Promise.all(Array.from({ length: task.streams }, (_, index) => open(index)));
  startMicros = nowMicros() + LEAD_MICROS;
  await pace({ startMicros, everyMicros, ticks: task.streams }, (tick) => starters[tick]?.());
  const timer = setTimeout(() => finished.resolve(), task.shape.chunks * task.shape.intervalMs + DRAIN_WITHIN_MS);
  await finished.promise;
  clearTimeout(timer);
  const elapsedMs = (nowMicros() - startMicros) / 1000;
  for (const connection of connections) connection.close();
  if (seen.firstTokenMicros.length === 0) throw new Error('no stream began');
  return {
    ...tally,
    elapsedMs,
    chunks: seen.transitMicros.length,
    firstTokenP50Ms: percentile(seen.firstTokenMicros, 0.5) / 1000,
    firstTokenP99Ms: percentile(seen.firstTokenMicros, 0.99) / 1000,
    transitP50Ms: percentile(seen.transitMicros, 0.5) / 1000,
    transitP99Ms: percentile(seen.transitMicros, 0.99) / 1000,
    stalls: seen.stalls,
    worstStallMs: seen.worstStallMs,
  };
}
