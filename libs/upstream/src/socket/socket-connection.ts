import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ProtocolError, type ResponseHandler, type ResponseReader } from './http1-response.ts';
import type { Carrier, SocketCall } from './socket-call.ts';
import type { UpstreamHeaders } from '../transport.ts';

/** Vendors' front ends keep idle sockets for minutes; half a minute re-uses them without ever being the later to close. */
export const KEEP_ALIVE_MS = 30_000;

/** A peer that says how long it keeps idle sockets is left this much before that, or a request meets its closing. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** Carriers' address tables forget a silent connection after minutes, and a long answer may be silent for longer. */
const PROBE_AFTER_MS = 60_000;

export interface ConnectionOwner {
  onIdle(): void;
  onClosed(): void;
}

/** One socket, with at most one call on it. */
export class Connection implements ResponseHandler, Carrier {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader: ResponseReader;
  #call: SocketCall | undefined;
  #connected = false;
  #sent = false;
  #ended = false;
  #keepAliveMs = KEEP_ALIVE_MS;
  idleUntilMs = 0;

  constructor(socket: Socket, reader: (handler: ResponseHandler) => ResponseReader, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#reader = reader(this);
    this.#owner = owner;
    // Nagle's algorithm and a delayed acknowledgement together cost 40 ms.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, PROBE_AFTER_MS);
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      this.#connected = true;
      this.#write();
    });
    socket.on('data', (bytes: Buffer) => this.#guard(() => this.#reader.push(bytes)));
    socket.on('end', () => {
      this.#ended = true;
      this.#guard(() => this.#reader.end());
    });
    socket.on('error', (cause) => this.#fail(cause));
    socket.on('close', () => {
      owner.onClosed();
      this.#fail(new Error('the connection closed'));
    });
  }

  /** False once the peer has closed its side, though the socket's end may still be under way. */
  get usable(): boolean {
    return !this.#ended && !this.#socket.destroyed;
  }

  /** How long it may stay idle: less than the peer keeps it, when the peer says so. */
  get keepAliveMs(): number {
    return this.#keepAliveMs;
  }

  carry(call: SocketCall): void {
    this.#call = call;
    call.carriedBy(this);
    if (this.#connected) this.#write();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  onHead(status: number, headers: UpstreamHeaders): void {
    const hint = headers['keep-alive'];
    if (hint !== undefined) this.#keepAliveMs = keepAliveMs(String(hint));
    this.#call?.head(status, headers);
  }

  onBody(bytes: Buffer): void {
    this.#call?.data(bytes);
  }

  onComplete(reusable: boolean): void {
    const call = this.#call;
    this.#call = undefined;
    this.#sent = false;
    call?.carriedBy(undefined);
    // Free before the receiver is told, so that what it sends next can use this very socket.
    // An answer that came before the request was written out leaves the rest of it in the way of the next one.
    if (reusable && this.usable && this.#socket.writableLength === 0) {
      if (this.#socket.isPaused()) this.#socket.resume();
      this.#owner.onIdle();
    } else {
      this.#socket.destroy();
    }
    call?.end();
  }

  #write(): void {
    if (this.#call === undefined) return;
    this.#sent = true;
    this.#reader.expect();
    this.#call.write(this.#socket);
  }

  /** What the peer got wrong ends this connection and its call, and nothing else. */
  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#socket.destroy();
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(error);
    }
  }

  #fail(cause: Error): void {
    const call = this.#call;
    this.#call = undefined;
    call?.fail(this.#sent ? 'reset' : 'refused', cause);
  }
}

/** Of `timeout=5, max=100` the five seconds, less the margin. */
function keepAliveMs(hint: string): number {
  const seconds = /\btimeout=(\d{1,9})\b/i.exec(hint)?.[1];
  return seconds === undefined ? KEEP_ALIVE_MS : Math.min(KEEP_ALIVE_MS, Number(seconds) * 1000 - KEEP_ALIVE_MARGIN_MS);
}
