/** How a server ends: it takes nobody new, lets what runs end by itself, and does not wait for ever. */
import { systemClock, type Timer } from '@leeward/kernel';

/** What has connections of clients: a server of node:http, or one whose connections come from elsewhere. */
export interface Closable {
  /** Nobody new; `done` is called when the last connection has ended. */
  close(done: () => void): void;
  closeIdleConnections(): void;
  closeAllConnections(): void;
}

/** A connection that falls idle while the node drains is closed this soon, not after keepAliveMs. */
const IDLE_CHECK_MS = 50;

/** Idle connections close at once; the others when their answer has ended, or when the time is over. */
export async function closeServer(server: Closable, withinMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  const closeIdle = (): Timer => {
    server.closeIdleConnections();
    return systemClock.after(IDLE_CHECK_MS, () => {
      check = closeIdle();
    });
  };
  let check = closeIdle();
  const limit = systemClock.after(withinMs, () => server.closeAllConnections());
  await promise;
  check.cancel();
  limit.cancel();
}
