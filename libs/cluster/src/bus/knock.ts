/**
 * Asks a server whether it is there and speaks NATS, before the NATS client is let near it: connects, waits for the
 * first word of its greeting, and hangs up.
 *
 * Why not leave that to the client? Told to connect once, it leaves its socket open when a server takes the connection
 * and then says nothing (a frozen server, or a port of something else). Told to go on until it succeeds, it neither
 * stops when asked to nor says why it fails. This one ends with its signal, holds nothing afterwards, and tells the
 * reason.
 */
import { connect } from 'node:net';
import type { Clock } from '@leeward/kernel';

/** Every NATS server since the first begins with it. */
const GREETING = 'INFO ';

export interface Door {
  readonly hostname: string;
  readonly port: number;
}

/** Resolves when the server has greeted; rejects with the reason why it has not. */
export function knock({ hostname, port }: Door, clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal.aborted) {
    reject(signal.reason);
    return promise;
  }
  const socket = connect({ host: hostname, port });
  let heard = '';
  const end = (settle: () => void): void => {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
    socket.removeAllListeners();
    // Destroying it may still raise an error, of which nobody wants to hear.
    socket.on('error', () => undefined).destroy();
    settle();
  };
  const fail = (reason: unknown): void => end(() => reject(reason));
  const onAbort = (): void => fail(signal.reason);
  const timer = clock.after(timeoutMs, () => fail(new Error(`no greeting within ${timeoutMs} ms`)));
  signal.addEventListener('abort', onAbort, { once: true });
  socket.on('error', fail);
  socket.on('end', () => fail(new Error('the server hung up without a greeting')));
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1', 0, GREETING.length - heard.length);
    if (heard === GREETING) end(resolve);
    else if (!GREETING.startsWith(heard)) fail(new Error('what listens there does not speak NATS'));
  });
  return promise;
}
