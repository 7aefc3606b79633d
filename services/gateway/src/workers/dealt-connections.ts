/**
 * The connections that the primary deals to this worker, as a server without a port of its own. node:http does all that
 * it does for connections it accepts itself, but it counts only those: their end is watched here.
 */
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TlsIdentity } from '../config/tls.ts';
import type { Closable } from '../http/close-server.ts';
import { renewTls } from '../http/server.ts';

export class DealtConnections implements Closable {
  readonly #server: Server | TlsServer;
  readonly #open = new Set<Socket>();
  #onEmpty: (() => void) | undefined;

  constructor(server: Server | TlsServer) {
    this.#server = server;
    // From here on it keeps the times of headersMs and requestMs: it begins to when it listens, which it never will.
    server.emit('listening');
  }

  /** Before anything of it is read. */
  add(socket: Socket, onClosed: () => void): void {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      onClosed();
      if (this.#open.size === 0) this.#onEmpty?.();
    });
    // As with a socket that the server has accepted: a client may close its half and still be answered.
    socket.allowHalfOpen = true;
    this.#server.emit('connection', socket);
  }

  close(done: () => void): void {
    // It answers that it was not running, which is true of the port.
    this.#server.close(() => undefined);
    if (this.#open.size === 0) done();
    else this.#onEmpty = done;
  }

  renewTls(tls: TlsIdentity | undefined): void {
    renewTls(this.#server, tls);
  }

  closeIdleConnections(): void {
    this.#server.closeIdleConnections();
  }

  closeAllConnections(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
