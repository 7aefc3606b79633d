/**
 * Server-sent events out of bytes, however the network cut them.
 *
 * Each event keeps its own bytes, so that a stream that needs no change is forwarded as it came. A block without a data
 * line (a comment, a lone `event:`, blank lines) is no event by the standard and is dropped with its bytes; the gateway
 * sends keep-alives of its own.
 *
 * The common case, LF and one data line per event, costs two native searches and one decoding per event. Bytes with a
 * CR in them take the careful path. Its one ambiguity is a CR at the end of what has arrived, which may be half of a
 * CRLF: it waits for the next byte. Only a blank line after a bare CR ends the event at once, or the last event of a
 * stream of bare CRs would never come. Both rules look only at bytes already seen, so the result does not depend on the
 * cuts.
 */
export interface SseEvent {
  /** The event's bytes, its blank line included. */
  readonly raw: Buffer;
  readonly event: string | undefined;
  readonly data: string;
}

export class SseOverflowError extends Error {
  override readonly name = 'SseOverflowError';

  constructor(maxEventBytes: number) {
    super(`An event of the stream is larger than ${maxEventBytes} bytes.`);
  }
}

export class SseDecoder {
  readonly #maxEventBytes: number;
  /** Bytes of the unfinished event. A view of the last push, or of the start of #store. */
  #pending: Buffer = EMPTY;
  /** Room of our own behind #pending, doubled as an event grows; given away with the event that ends in it. */
  #store: Buffer | undefined;
  /** Where in #pending the line begins whose end has not been found, and up to where it was searched. */
  #lineStart = 0;
  #searched = 0;
  /** Whether the last complete line of #pending ended with a CR alone. */
  #bareCr = false;
  #hasCr = false;
  #atStart = true;

  constructor(options: { readonly maxEventBytes: number }) {
    this.#maxEventBytes = options.maxEventBytes;
  }

  push(bytes: Uint8Array): SseEvent[] {
    const incoming = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const buffer = this.#append(incoming);
    this.#hasCr ||= incoming.includes(CR);
    let start = this.#atStart ? this.#skipByteOrderMark(buffer) : 0;
    if (start < 0) return [];

    const events: SseEvent[] = [];
    for (;;) {
      const end = this.#hasCr ? this.#endOfEvent(buffer, start) : this.#endOfLfEvent(buffer, start);
      if (end < 0) break;
      if (end - start > this.#maxEventBytes) throw new SseOverflowError(this.#maxEventBytes);
      const event = this.#hasCr ? readLines(buffer.subarray(start, end)) : readEvent(buffer, start, end);
      if (event !== undefined) events.push(event);
      start = end;
      this.#lineStart = end;
      this.#searched = end;
      this.#bareCr = false;
    }

    this.#keep(buffer, start);
    if (this.#pending.length > this.#maxEventBytes) throw new SseOverflowError(this.#maxEventBytes);
    return events;
  }

  /** The end of the first event at or after `start`, or -1. Knows that there is no CR anywhere. */
  #endOfLfEvent(buffer: Buffer, start: number): number {
    let line = Math.max(start, this.#lineStart);
    if (buffer[line] === LF) return line + 1;
    let from = Math.max(line, this.#searched);
    for (;;) {
      const lf = buffer.indexOf(LF, from);
      if (lf < 0) return this.#resumeAt(line, buffer.length);
      if (buffer[lf + 1] === LF) return lf + 2;
      line = lf + 1;
      from = line;
    }
  }

  #endOfEvent(buffer: Buffer, start: number): number {
    let line = Math.max(start, this.#lineStart);
    let from = Math.max(line, this.#searched);
    for (;;) {
      const at = nextLineEnd(buffer, from);
      if (at < 0) return this.#resumeAt(line, buffer.length);
      const blank = at === line;
      let next = at + 1;
      let bare = false;
      if (buffer[at] === CR) {
        if (blank && this.#bareCr) return next;
        if (next === buffer.length) return this.#resumeAt(line, at);
        bare = buffer[next] !== LF;
        if (!bare) next += 1;
      }
      if (blank) return next;
      this.#bareCr = bare;
      line = next;
      from = next;
    }
  }

  #resumeAt(lineStart: number, searched: number): -1 {
    this.#lineStart = lineStart;
    this.#searched = searched;
    return -1;
  }

  #append(incoming: Buffer): Buffer {
    const held = this.#pending.length;
    if (held === 0) return incoming;
    const size = held + incoming.length;
    if (this.#store === undefined || this.#store.length < size) {
      const store = Buffer.allocUnsafe(size * 2);
      this.#pending.copy(store);
      this.#store = store;
    }
    incoming.copy(this.#store, held);
    return this.#store.subarray(0, size);
  }

  #keep(buffer: Buffer, start: number): void {
    this.#pending = start === buffer.length ? EMPTY : buffer.subarray(start);
    if (start > 0 || this.#pending.length === 0) {
      // The events just handed out may live in the store: the rest starts afresh.
      this.#store = undefined;
    }
    this.#lineStart = Math.max(0, this.#lineStart - start);
    this.#searched = Math.max(0, this.#searched - start);
    if (this.#hasCr && start > 0) this.#hasCr = this.#pending.includes(CR);
  }

  /** Where the stream's text begins; -1 while a byte order mark may still be incomplete. */
  #skipByteOrderMark(buffer: Buffer): number {
    const size = Math.min(buffer.length, BYTE_ORDER_MARK.length);
    if (!buffer.subarray(0, size).equals(BYTE_ORDER_MARK.subarray(0, size))) {
      this.#atStart = false;
      return 0;
    }
    if (size < BYTE_ORDER_MARK.length) {
      this.#pending = buffer;
      return -1;
    }
    this.#atStart = false;
    this.#lineStart = size;
    this.#searched = size;
    return size;
  }
}

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const EMPTY = Buffer.alloc(0);
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');
/** The letters `data`, read as one number. */
const DATA = Buffer.from('data').readUInt32LE(0);

function nextLineEnd(buffer: Buffer, from: number): number {
  const lf = buffer.indexOf(LF, from);
  const cr = buffer.subarray(0, lf < 0 ? buffer.length : lf).indexOf(CR, from);
  return cr < 0 ? lf : cr;
}

/** One block of lines that end in LF. Undefined when it has no data line. */
function readEvent(buffer: Buffer, start: number, end: number): SseEvent | undefined {
  const firstLf = buffer.indexOf(LF, start);
  if (firstLf === end - 2 && buffer[start + 4] === COLON && buffer.readUInt32LE(start) === DATA) {
    const from = start + (buffer[start + 5] === SPACE ? 6 : 5);
    return { raw: buffer.subarray(start, end), event: undefined, data: buffer.toString('utf8', from, firstLf) };
  }
  return readLines(buffer.subarray(start, end));
}

function readLines(raw: Buffer): SseEvent | undefined {
  let data: string | undefined;
  let event: string | undefined;
  for (const line of raw.toString('utf8').split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
  }
  return data === undefined ? undefined : { raw, event, data };
}
