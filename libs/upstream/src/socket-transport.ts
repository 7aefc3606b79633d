/**
 * Requests over sockets of our own: HTTP/1.1, one request at a time on each, kept open between requests.
 *
 * A well-kept client (undici) stood here first. Its general machinery cost as much CPU per request as all of Leeward's
 * own work together, and a call that waited for a socket could not be taken back. What is needed here is small: JSON
 * out, an answer or an event stream back, keep-alive, back-pressure, abort. There are no retries, redirects,
 * compression, pipelining or timeouts in it: failover decides, and an attempt's timer covers every phase.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { type Clock, EndOfTurn, type Timer } from '@leeward/kernel';
import { HeaderNames, ProtocolError, type ResponseHandler, ResponseReader } from './http1-response.ts';
import type { InFlight, Receiver, Transport, UpstreamCall, UpstreamHeaders } from './transport.ts';

interface SocketTransportOptions {
  /** Sockets at the most; further calls wait for one, each as long as its own limit allows. */
  readonly connections: number;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
}

/** Vendors' front ends keep idle sockets for minutes; half a minute re-uses them without ever being the later to close. */
const KEEP_ALIVE_MS = 30_000;

/** A peer that says how long it keeps idle sockets is left this much before that, or a request meets its closing. */
const KEEP_ALIVE_MARGIN_MS = 1000;

/** Carriers' address tables forget a silent connection after minutes, and a long answer may be silent for longer. */
const PROBE_AFTER_MS = 60_000;

/** Up to here a body is copied behind its head, which is cheaper than a write of two pieces. */
const ONE_WRITE_BYTES = 16 * 1024;

export function socketTransport(clock: Clock, origin: string, options: SocketTransportOptions): Transport {
  return new SocketTransport(clock, new URL(origin), options);
}

class SocketTransport implements Transport {
  readonly #clock: Clock;
  readonly #origin: URL;
  readonly #options: SocketTransportOptions;
  readonly #all = new Set<Connection>();
  /** The last one used comes first: the others may then grow old and be closed. */
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<SocketCall>();
  readonly #names = new HeaderNames();
  readonly #endOfTurn = new EndOfTurn();
  /** One for all connections: making one reads every certificate. */
  readonly #secureContext: SecureContext | undefined;
  /** Calls that the end of the turn will place. */
  #gathered = 0;
  #session: Buffer | undefined;
  #sweep: Timer | undefined;
  #closed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(clock: Clock, origin: URL, options: SocketTransportOptions) {
    this.#clock = clock;
    this.#origin = origin;
    this.#options = options;
    const ca = options.ca === undefined ? {} : { ca: options.ca };
    this.#secureContext = origin.protocol === 'https:' ? createSecureContext(ca) : undefined;
  }

  send(request: UpstreamCall, receiver: Receiver): InFlight {
    const call = new SocketCall(request, receiver, this.#origin.host);
    if (this.#closed !== undefined) call.fail('refused', new Error('the transport is closed'));
    else if (call.isSendable()) {
      this.#gathered++;
      this.#endOfTurn.add(() => this.#place(call));
    }
    return call;
  }

  close(): Promise<void> {
    this.#closed ??= Promise.withResolvers<void>();
    this.#sweep?.cancel();
    for (const connection of this.#idle.splice(0)) connection.destroy();
    this.#closeIfEmpty();
    return this.#closed.promise;
  }

  #place(call: SocketCall): void {
    this.#gathered--;
    if (call.over) {
      this.#closeIfEmpty();
      return;
    }
    const idle = this.#takeIdle();
    if (idle !== undefined) idle.carry(call);
    else if (this.#all.size < this.#options.connections) this.#open().carry(call);
    else {
      this.#waiting.add(call);
      call.onAbort = () => this.#waiting.delete(call);
    }
  }

  #takeIdle(): Connection | undefined {
    const nowMs = this.#clock.nowMs();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable && nowMs < idle.idleUntilMs) return idle;
      idle.destroy();
    }
    return undefined;
  }

  #open(): Connection {
    const reader = (handler: ResponseHandler) => new ResponseReader(handler, this.#names);
    const connection = new Connection(this.#connect(), reader, {
      onIdle: () => this.#settle(connection),
      onClosed: () => this.#forget(connection),
    });
    this.#all.add(connection);
    return connection;
  }

  #connect(): Socket {
    const { protocol, hostname, port } = this.#origin;
    const host = hostname.replace(/^\[|\]$/g, '');
    if (protocol === 'http:') return connectTcp({ host, port: Number(port || 80) });
    const socket = connectTls({
      host,
      port: Number(port || 443),
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['http/1.1'],
      ...(this.#session === undefined ? {} : { session: this.#session }),
      ...(this.#secureContext === undefined ? {} : { secureContext: this.#secureContext }),
    });
    // Resuming a session spares the next connection most of its handshake.
    socket.on('session', (session) => {
      this.#session = session;
    });
    return socket;
  }

  /** A connection is free: for whoever waits longest, else to be kept for a while. */
  #settle(connection: Connection): void {
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      connection.carry(next);
    } else if (this.#closed !== undefined) {
      connection.destroy();
    } else {
      connection.idleUntilMs = this.#clock.nowMs() + connection.keepAliveMs;
      this.#idle.push(connection);
      this.#sweep ??= this.#clock.after(KEEP_ALIVE_MS, () => this.#closeOld());
    }
  }

  #closeOld(): void {
    this.#sweep = undefined;
    const nowMs = this.#clock.nowMs();
    for (const connection of this.#idle.splice(0)) {
      if (nowMs < connection.idleUntilMs) this.#idle.push(connection);
      else connection.destroy();
    }
    if (this.#idle.length > 0) this.#sweep = this.#clock.after(KEEP_ALIVE_MS / 2, () => this.#closeOld());
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      this.#open().carry(next);
    }
    this.#closeIfEmpty();
  }

  #closeIfEmpty(): void {
    if (this.#all.size === 0 && this.#waiting.size === 0 && this.#gathered === 0) this.#closed?.resolve();
  }
}

/**
 * One request and its receiver. After `abort` or its end the receiver hears nothing more. What a receiver throws ends
 * its own call, as a reset with that cause, and nobody else's.
 */
class SocketCall implements InFlight {
  readonly #request: UpstreamCall;
  readonly #receiver: Receiver;
  readonly #host: string;
  #over = false;
  #connection: Connection | undefined;
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
  carriedBy(connection: Connection | undefined): void {
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

interface ConnectionOwner {
  onIdle(): void;
  onClosed(): void;
}

/** One socket, with at most one call on it. */
class Connection implements ResponseHandler {
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
