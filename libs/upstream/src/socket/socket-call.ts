import type { Socket } from 'node:net';
import type { InFlight, Receiver, UpstreamCall, UpstreamHeaders } from '../transport.ts';

/** What a call needs of the connection that carries it. */
export interface Carrier {
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** Up to here a body is copied behind its head, which is cheaper than a write of two pieces. */
const ONE_WRITE_BYTES = 16 * 1024;

/**
 * One request and its receiver. After `abort` or its end the receiver hears nothing more. What a receiver throws ends
 * its own call, as a reset with that cause, and nobody else's.
 */
export class SocketCall implements InFlight {
  readonly #request: UpstreamCall;
  readonly #receiver: Receiver;
  readonly #host: string;
  #over = false;
  #connection: Carrier | undefined;
  /** What takes it back while it waits for a connection. */
  onAbort: () => void = () => undefined;

  constructor(request: UpstreamCall, receiver: Receiver, host: string) {
    this.#request = request;
    this.#receiver = receiver;
    this.#host = host;
  }

  /** Ended, or taken back. */
  get over(): boolean {
    return this.#over;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.onAbort();
    this.#connection?.destroy();
  }

  pause(): void {
    if (!this.#over) this.#connection?.pause();
  }

  resume(): void {
    if (!this.#over) this.#connection?.resume();
  }

  /** False, and told to the receiver, when a header or path could break out of its line. */
  isSendable(): boolean {
    const { path, headers } = this.#request;
    const clean = /^[\x21-\x7e]+$/.test(path) && Object.values(headers).every((value) => HEADER_VALUE.test(value));
    if (!clean) this.fail('refused', new Error('a path or header that cannot be sent'));
    return clean;
  }

  /** `undefined`: its response has been read, and the connection may be another call's by now. */
  carriedBy(connection: Carrier | undefined): void {
    this.#connection = connection;
  }

  write(socket: Socket): void {
    const { method, path, headers, body } = this.#request;
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\nconnection: keep-alive\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    const length = body?.length ?? 0;
    head += method === 'GET' && body === undefined ? '\r\n' : `content-length: ${length}\r\n\r\n`;
    if (length <= ONE_WRITE_BYTES) {
      const bytes = Buffer.allocUnsafe(head.length + length);
      bytes.write(head, 'latin1');
      body?.copy(bytes, head.length);
      socket.write(bytes);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body ?? '');
      socket.uncork();
    }
    try {
      this.#receiver.onSent();
    } catch (error) {
      this.#thrown(error);
    }
  }

  head(status: number, headers: UpstreamHeaders): void {
    if (this.#over) return;
    try {
      this.#receiver.onHead(status, headers);
    } catch (error) {
      this.#thrown(error);
    }
  }

  data(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#receiver.onData(bytes);
    } catch (error) {
      this.#thrown(error);
    }
  }

  end(): void {
    if (this.#over) return;
    try {
      this.#over = true;
      this.#receiver.onEnd();
    } catch (error) {
      this.#receiver.onFailure('reset', asError(error));
    }
  }

  fail(reason: 'refused' | 'reset', cause: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.onFailure(reason, cause);
  }

  #thrown(error: unknown): void {
    this.#connection?.destroy();
    this.fail('reset', asError(error));
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
