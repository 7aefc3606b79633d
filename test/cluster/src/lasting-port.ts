/**
 * A port that a server can come back to after its end. Those that the system picks for port 0 lie where it also finds
 * the near ends of outgoing connections, so that one of the test's own clients may have taken it in the meantime.
 */
import { createServer } from 'node:net';

/** Below what Linux and macOS give away by themselves, above what known servers have. */
const FROM = 20_000;
const UNTIL = 32_000;

/** Each finds a free one almost surely; a machine on which none does has other troubles. */
const TRIES = 100;

export async function lastingPort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = FROM + Math.floor(Math.random() * (UNTIL - FROM));
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FROM} to ${UNTIL} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = createServer();
  probe.once('error', () => resolve(false));
  probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(true)));
  return promise;
}
