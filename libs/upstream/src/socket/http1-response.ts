/**
 * Reads HTTP/1.1 responses off one connection, strictly: what is ambiguous (two framings, a bad length, a stray line
 * end) is a broken connection, never a guess, because a guess is how one answer ends up in another's.
 *
 * Bytes of a body are handed on as they come, without copying. Heads are short and mostly arrive whole, so they are
 * read as one string.
 */
import type { UpstreamHeaders } from '../transport.ts';

export interface ResponseHandler {
  onHead(status: number, headers: UpstreamHeaders): void;
  onBody(bytes: Buffer): void;
  /** `reusable`: the connection may carry another request. */
  onComplete(reusable: boolean): void;
}

/** The peer does not speak HTTP/1.1 as it should. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Mistral sends about 2 KiB of response headers. */
const MAX_HEAD_BYTES = 64 * 1024;
/** A chunk's size with its extensions, which nobody sends. */
const MAX_SIZE_LINE_BYTES = 256;

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NONE = Buffer.alloc(0);

type State = 'idle' | 'head' | 'counted' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers';

export class ResponseReader {
  readonly #handler: ResponseHandler;
  readonly #names: HeaderNames;
  #state: State = 'idle';
  /** The beginning of a head, size line or trailer that has not come whole. */
  #pending: Buffer = NONE;
  /** Bytes of the body or chunk still to come. */
  #left = 0;
  #trailerBytes = 0;
  #reusable = false;

  constructor(handler: ResponseHandler, names: HeaderNames) {
    this.#handler = handler;
    this.#names = names;
  }

  /** A request is being sent: its response is what comes next. */
  expect(): void {
    this.#state = 'head';
  }

  /** Throws ProtocolError. */
  push(bytes: Buffer): void {
    if (this.#isIdle) throw new ProtocolError('bytes that answer no request');
    let rest = bytes;
    while (rest.length > 0 && !this.#isIdle) rest = this.#step(rest);
    // What follows a response belongs to no request, least of all to the next one on this connection.
    if (this.#isIdle) this.#handler.onComplete(this.#reusable && rest.length === 0);
  }

  /** The peer has closed its side. Throws ProtocolError when a response was not complete by then. */
  end(): void {
    if (this.#state === 'idle') return;
    if (this.#state !== 'until-close') throw new ProtocolError('the connection closed within a response');
    this.#state = 'idle';
    this.#handler.onComplete(false);
  }

  get #isIdle(): boolean {
    return this.#state === 'idle';
  }

  #step(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'idle':
        return bytes;
      case 'head':
        return this.#readUpTo(bytes, HEAD_END, MAX_HEAD_BYTES, (head) => this.#head(head));
      case 'counted':
      case 'chunk':
        return this.#body(bytes);
      case 'until-close':
        this.#handler.onBody(bytes);
        return NONE;
      case 'chunk-size':
        return this.#readUpTo(bytes, LINE_END, MAX_SIZE_LINE_BYTES, (line) => this.#chunkSize(line));
      case 'chunk-end':
        return this.#readUpTo(bytes, LINE_END, LINE_END.length, (line) => {
          if (line !== '') throw new ProtocolError('a chunk longer than its size');
          this.#state = 'chunk-size';
        });
      case 'trailers':
        return this.#readUpTo(bytes, LINE_END, MAX_HEAD_BYTES - this.#trailerBytes, (line) => this.#trailer(line));
    }
  }

  /** Gathers up to the mark, hands over what stood before it, and answers what comes after it. */
  #readUpTo(bytes: Buffer, mark: Buffer, maxBytes: number, take: (text: string) => void): Buffer {
    const all = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    // The mark may have begun at the end of what was there.
    const end = all.indexOf(mark, Math.max(0, this.#pending.length - mark.length + 1));
    if (end === -1 ? all.length > maxBytes : end > maxBytes)
      throw new ProtocolError('a head or line beyond all bounds');
    if (end === -1) {
      this.#pending = all;
      return NONE;
    }
    this.#pending = NONE;
    take(all.toString('latin1', 0, end));
    return all.subarray(end + mark.length);
  }

  #body(bytes: Buffer): Buffer {
    const piece = bytes.length <= this.#left ? bytes : bytes.subarray(0, this.#left);
    this.#left -= piece.length;
    this.#handler.onBody(piece);
    if (this.#left === 0) {
      this.#state = this.#state === 'chunk' ? 'chunk-end' : 'idle';
    }
    return piece.length === bytes.length ? NONE : bytes.subarray(piece.length);
  }

  #chunkSize(line: string): void {
    const digits = SIZE_LINE.exec(line)?.[1];
    if (digits === undefined) throw new ProtocolError('a chunk without a size');
    this.#left = Number.parseInt(digits, 16);
    this.#trailerBytes = 0;
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
  }

  /** Nobody reads them, yet they must be what they seem: lines of a header, as many as a head may hold. */
  #trailer(line: string): void {
    if (line === '') {
      this.#state = 'idle';
      return;
    }
    if (FORBIDDEN.test(line)) throw new ProtocolError('a control character in a trailer');
    this.#names.lower(line.slice(0, Math.max(0, line.indexOf(':'))));
    this.#trailerBytes += line.length;
    if (this.#trailerBytes > MAX_HEAD_BYTES) throw new ProtocolError('a head or line beyond all bounds');
  }

  #head(head: string): void {
    const { status, minor, headers } = readHead(head, this.#names);
    if (status === 101) throw new ProtocolError('an upgrade that nobody asked for');
    // 100 and its kind precede the answer.
    if (status < 200) return;
    const announced = announcedLength(headers);
    const bodiless = status === 204 || status === 304;
    const length = bodiless ? 0 : (announced ?? 'until-close');
    // A peer that announces a body where none may be could well send it, and it is no later answer.
    const clear = bodiless ? announced === undefined || announced === 0 : length !== 'until-close';
    this.#reusable = minor === 1 && clear && !saysClose(headers);
    this.#state = length === 'chunked' ? 'chunk-size' : length === 'until-close' ? 'until-close' : 'counted';
    this.#handler.onHead(status, headers);
    if (typeof length !== 'number') return;
    this.#left = length;
    if (length === 0) this.#state = 'idle';
  }
}

/** Extensions are passed over, but a line end hidden in one is how two readers come to see different chunks. */
const SIZE_LINE = /^([0-9a-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/i;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?$/;
/** What a header value may not hold: control characters but the tab, and line ends that do not end a line. */
const FORBIDDEN = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)|(?<!\r)\n/;

function readHead(head: string, names: HeaderNames): { status: number; minor: number; headers: UpstreamHeaders } {
  if (FORBIDDEN.test(head)) throw new ProtocolError('a control character in a head');
  let end = head.indexOf('\r\n');
  if (end === -1) end = head.length;
  const [, minor, status] = STATUS_LINE.exec(head.slice(0, end)) ?? [];
  if (status === undefined) throw new ProtocolError('no HTTP/1.1 status line');
  const headers: Record<string, string | string[]> = {};
  for (let start = end + 2; start < head.length; start = end + 2) {
    end = head.indexOf('\r\n', start);
    if (end === -1) end = head.length;
    const colon = head.indexOf(':', start);
    if (colon === -1 || colon > end) throw new ProtocolError('a header line without a colon');
    addHeader(headers, names.lower(head.slice(start, colon)), valueBetween(head, colon + 1, end));
  }
  return { status: Number(status), minor: Number(minor), headers };
}

/** Without the blanks around it. `trim` would also take a no-break space, which others take for part of the value. */
function valueBetween(head: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(head.charCodeAt(start))) start++;
  while (end > start && isBlank(head.charCodeAt(end - 1))) end--;
  return head.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function addHeader(headers: Record<string, string | string[]>, name: string, value: string): void {
  const known = headers[name];
  // `constructor` is a name like any other, and every object has one.
  if (known === undefined || !Object.hasOwn(headers, name)) headers[name] = value;
  else if (typeof known === 'string') headers[name] = [known, value];
  else known.push(value);
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Vendors send a few dozen names with every answer: more spellings than this are somebody's game. */
const MAX_NAMES = 512;

/** Header names in lower case. Each spelling is checked and lowered once for all connections of a transport. */
export class HeaderNames {
  readonly #known = new Map<string, string>();

  lower(spelling: string): string {
    const known = this.#known.get(spelling);
    if (known !== undefined) return known;
    const name = spelling.toLowerCase();
    // `__proto__` is a token too; as a property it would be something else than a header.
    if (!TOKEN.test(name) || name === '__proto__') throw new ProtocolError('a header name that is none');
    // A copy: a slice would keep the whole head that it was cut from.
    if (this.#known.size < MAX_NAMES) this.#known.set(copyOf(spelling), copyOf(name));
    return name;
  }
}

function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function announcedLength(headers: UpstreamHeaders): number | 'chunked' | undefined {
  const coding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (coding !== undefined) {
    // Two framings at once are how answers are smuggled into each other.
    if (length !== undefined || typeof coding !== 'string' || coding.toLowerCase() !== 'chunked') {
      throw new ProtocolError('a framing that is not clear');
    }
    return 'chunked';
  }
  if (length === undefined) return undefined;
  if (typeof length !== 'string' || !/^\d{1,15}$/.test(length)) throw new ProtocolError('a length that is none');
  return Number(length);
}

function saysClose(headers: UpstreamHeaders): boolean {
  const { connection } = headers;
  return connection !== undefined && /\bclose\b/i.test(String(connection));
}
