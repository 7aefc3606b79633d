/**
 * Reads HTTP/1.1 messages off a socket, either direction: the load generator reads answers with it, the upstream
 * requests. It is not a general parser. It knows the two framings proxies speak (content-length and chunked), any way
 * of cutting the bytes, and several messages in one read; whatever else it meets it throws, because an answer the
 * bench cannot read must not be counted. One pass, no copies of bodies: on the measuring side every microsecond spent
 * here lowers the ceiling under which a subject can be measured.
 *
 * Slices given to `body` are only valid during the call.
 */
export interface HttpEvents {
  /** Start line and header lines, each ended by CRLF. */
  head(head: string): void;
  body(bytes: Buffer): void;
  end(): void;
}

type State = 'head' | 'counted' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers';

const HEAD_END = Buffer.from('\r\n\r\n');
const NEWLINE = 10;
/** Far more than any head here; past it the peer is not speaking HTTP. */
const MAX_HEAD_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class HttpReader {
  readonly #events: HttpEvents;
  #state: State = 'head';
  #carry: Buffer = NOTHING;
  #remaining = 0;

  constructor(events: HttpEvents) {
    this.#events = events;
  }

  /** True when nothing of a message has been read yet: only then may the connection close without harm. */
  get idle(): boolean {
    return this.#state === 'head' && this.#carry.length === 0;
  }

  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.#step(bytes, at);
  }

  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'counted':
        return this.#readBody(bytes, at, () => this.#finish());
      case 'chunk':
        return this.#readBody(bytes, at, () => {
          this.#state = 'chunk-end';
          this.#remaining = 2;
        });
      case 'chunk-end': {
        const taken = Math.min(this.#remaining, bytes.length - at);
        this.#remaining -= taken;
        if (this.#remaining === 0) this.#state = 'chunk-size';
        return at + taken;
      }
      case 'chunk-size':
        return this.#readLine(bytes, at, (line) => {
          this.#remaining = Number.parseInt(line, 16);
          if (Number.isNaN(this.#remaining)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
          this.#state = this.#remaining === 0 ? 'trailers' : 'chunk';
        });
      case 'trailers':
        return this.#readLine(bytes, at, (line) => {
          if (line === '') this.#finish();
        });
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const carried = this.#carry.length;
    const from = carried === 0 ? bytes : Buffer.concat([this.#carry, bytes.subarray(at)]);
    const start = carried === 0 ? at : 0;
    const end = from.indexOf(HEAD_END, start);
    if (end < 0) {
      if (from.length - start > MAX_HEAD_BYTES) throw new Error('the head has no end');
      // A copy: the caller may reuse its read buffer.
      this.#carry = Buffer.from(from.subarray(start));
      return bytes.length;
    }
    this.#carry = NOTHING;
    const head = from.toString('latin1', start, end + 2);
    this.#frame(head);
    return carried === 0 ? end + 4 : at + end + 4 - carried;
  }

  #frame(head: string): void {
    this.#events.head(head);
    const counted = /\ncontent-length: *(\d+)/i.exec(head);
    if (counted !== null) {
      this.#remaining = Number(counted[1]);
      if (this.#remaining === 0) this.#finish();
      else this.#state = 'counted';
      return;
    }
    if (/\ntransfer-encoding: *chunked/i.test(head)) {
      this.#state = 'chunk-size';
      return;
    }
    if (head.startsWith('HTTP/')) throw new Error('an answer framed neither by content-length nor by chunks');
    this.#finish();
  }

  #readBody(bytes: Buffer, at: number, whole: () => void): number {
    const taken = Math.min(this.#remaining, bytes.length - at);
    this.#events.body(taken === bytes.length ? bytes : bytes.subarray(at, at + taken));
    this.#remaining -= taken;
    if (this.#remaining === 0) whole();
    return at + taken;
  }

  #readLine(bytes: Buffer, at: number, use: (line: string) => void): number {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (this.#carry.length > MAX_HEAD_BYTES) throw new Error('the line has no end');
    const line = this.#carry.toString('latin1') + bytes.toString('latin1', at, end);
    if (newline < 0) {
      this.#carry = Buffer.from(line, 'latin1');
      return end;
    }
    this.#carry = NOTHING;
    use(line.trimEnd());
    return end;
  }

  #finish(): void {
    this.#state = 'head';
    this.#events.end();
  }
}
