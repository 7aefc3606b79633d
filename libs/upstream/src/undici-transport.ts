/**
 * undici's `dispatch`: the cheapest of its verbs, which hands over bytes by callback without promises or streams.
 * Its own timeouts stay off; the attempt's timers (failover/attempt.ts) cover every phase, also the wait for a socket.
 */
import { type Dispatcher, Pool } from 'undici';
import type { InFlight, Receiver, Transport, UpstreamHeaders } from './transport.ts';

interface UndiciTransportOptions {
  readonly connections: number;
  /** PEM certificates to trust beside the system's. */
  readonly ca?: string;
}

/** Vendors' front ends keep idle sockets for minutes; half a minute re-uses them without ever being the later to close. */
const KEEP_ALIVE_MS = 30_000;
/** An upper bound only: a route's connectMs ends the attempt long before. */
const CONNECT_BOUND_MS = 60_000;
/** Mistral sends about 2 KiB of response headers. */
const MAX_HEADER_BYTES = 64 * 1024;

export function undiciTransport(origin: string, options: UndiciTransportOptions): Transport {
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: { timeout: CONNECT_BOUND_MS, ...(options.ca === undefined ? {} : { ca: options.ca }) },
  });
  return {
    send: (call, receiver) => {
      const exchange = new UndiciCall(receiver);
      pool.dispatch(
        // Frozen by type, never written to by undici: the header objects are prepared once per target.
        { method: call.method, path: call.path, headers: call.headers, body: call.body ?? null, idempotent: false },
        exchange,
      );
      return exchange;
    },
    close: () => pool.close(),
  };
}

class UndiciCall implements Dispatcher.DispatchHandler, InFlight {
  readonly #receiver: Receiver;
  #controller: Dispatcher.DispatchController | undefined;
  #aborted = false;
  #sent = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort(new AbortedByGateway());
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // A call that was aborted while it waited for a socket cannot be taken out of undici's queue; it ends here.
    if (this.#aborted) {
      controller.abort(new AbortedByGateway());
      return;
    }
    this.#sent = true;
    this.#receiver.onSent();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: UpstreamHeaders): void {
    // undici hands over informational heads (103 and the like) by the same call; the answer's own is still to come.
    if (!this.#aborted && status >= 200) this.#receiver.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#aborted) this.#receiver.onData(bytes);
  }

  onResponseEnd(): void {
    if (!this.#aborted) this.#receiver.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#aborted) this.#receiver.onFailure(this.#sent ? 'reset' : 'refused', error);
  }
}

class AbortedByGateway extends Error {
  override readonly name = 'AbortedByGateway';
}
