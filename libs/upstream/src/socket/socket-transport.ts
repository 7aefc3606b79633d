/**
 * Requests over sockets of our own: HTTP/1.1, one request at a time on each, kept open between requests.
 *
 * A well-kept client (undici) stood here first. When it wrote was not ours to decide, and a call that waited for a
 * socket could not be taken back (docs/decisions/0004 tells what was measured). What is needed here is small: JSON
 * out, an answer or an event stream back, keep-alive, back-pressure, abort. There are no retries, redirects,
 * compression, pipelining or timeouts in it: failover decides, and an attempt's timer covers every phase.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, EndOfTurn, type Timer } from '@leeward/kernel';
import { HeaderNames, type ResponseHandler, ResponseReader } from './http1-response.ts';
import { SocketCall } from './socket-call.ts';
import { KEEP_ALIVE_MS, Connection } from './socket-connection.ts';
import type { InFlight, Receiver, Transport, UpstreamCall } from '../transport.ts';

interface SocketTransportOptions {
  /** Sockets at the most; further calls wait for one, each as long as its own limit allows. */
  readonly connections: number;
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string;
}

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
