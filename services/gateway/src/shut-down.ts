/** The end of a gateway, in its order: what runs ends first, then those who look on, then what was still to be written. */
import type { Gateway } from './build.ts';
import { type Closable, closeServer } from './http/close-server.ts';

export interface RunningGateway {
  readonly dataUrl: string;
  readonly adminUrl: string;
  /** Resolves when the last stream has ended, or drainMs has passed. */
  readonly done: Promise<void>;
}

/** A last flush of logs and spans is worth a moment, never a rollout's time. */
export const FLUSH_MS = 2000;

/**
 * Readiness goes first, so that no new traffic is sent here; then no new connections; then every running request ends
 * by itself. The admin port, if this process has it, answers until the last of them has.
 */
export async function shutDown(gateway: Gateway, data: Closable, admin?: Closable): Promise<void> {
  gateway.drainForGood();
  await closeServer(data, gateway.limits().drainMs);
  gateway.logger.info({ inFlight: gateway.app.inFlight() }, 'drain-ended');
  if (admin !== undefined) await closeServer(admin, 0);
  const flushed = AbortSignal.timeout(FLUSH_MS);
  const closed = Promise.race([gateway.close(), aborted(flushed)]);
  await Promise.all([gateway.tracing.shutdown(flushed), gateway.logger.flush(flushed), closed]);
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
