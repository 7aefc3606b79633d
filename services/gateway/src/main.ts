/** Read config → build → listen → drain when told to stop. */
import type { Server } from 'node:http';
import { systemClock, type Timer } from '@leeward/kernel';
import type { Logger } from '@leeward/telemetry';
import { build, type Gateway } from './build.ts';
import { addressText } from './config/address.ts';
import { readEnvironment } from './config/environment.ts';
import { readFileBounded } from './config/files.ts';
import type { ConfigResult } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { watchConfig } from './config/watch.ts';
import { httpServer, listen } from './http/server.ts';

interface RunOptions {
  readonly settings: Settings;
  /** The file to watch for changes; undefined for a built-in config. */
  readonly configPath: string | undefined;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** Where log lines go; standard output unless said. */
  readonly log?: { write(line: string): void };
}

interface RunningGateway {
  readonly dataUrl: string;
  readonly adminUrl: string;
  /** Resolves when the last stream has ended, or drainMs has passed. */
  readonly done: Promise<void>;
}

/** A last flush of logs and spans is worth a moment, never a rollout's time. */
const FLUSH_MS = 2000;

export async function runGateway({
  settings,
  configPath,
  signal,
  print,
  ...options
}: RunOptions): Promise<RunningGateway> {
  const gateway = await build(settings, options);
  const data = httpServer(gateway.app.listener, settings.limits);
  const admin = httpServer(gateway.admin, settings.limits);
  const adminUrl = await listen(admin, settings.listen.admin);
  const dataUrl = await listen(data, settings.listen.data).catch(async (error: unknown) => {
    // Half a gateway would keep the process alive.
    await Promise.all([closeServer(admin, 0), gateway.close()]);
    throw error;
  });
  gateway.logger.info({ dataUrl, adminUrl }, 'gateway-listening');
  print(`leeward listens on ${dataUrl} (data) and ${adminUrl} (admin)`);
  if (configPath !== undefined) {
    watchReloads(gateway, settings, configPath, signal).catch((error: unknown) =>
      gateway.logger.error({ error }, 'config-watch-failed'),
    );
  }
  const done = aborted(signal).then(() => shutDown(gateway, data, admin));
  return { dataUrl, adminUrl, done };
}

function watchReloads(gateway: Gateway, running: Settings, path: string, signal: AbortSignal): Promise<void> {
  const deps = {
    clock: systemClock,
    env: readEnvironment(),
    readFile: readFileBounded,
    fingerprint: running.fingerprint,
  };
  return watchConfig(path, deps, (result) => takeOver(gateway, running, result), signal);
}

function takeOver(gateway: Gateway, started: Settings, result: ConfigResult): void {
  const { metrics, logger } = gateway;
  const accepted = result.kind === 'ok';
  metrics.configReloadsTotal.child(accepted ? 'ok' : 'failed').inc();
  metrics.configLastReloadSuccess.child().set(accepted ? 1 : 0);
  if (!accepted) {
    logger.error({ problems: result.problems }, 'config-refused');
    return;
  }
  gateway.reload(result.settings);
  logger.info({}, 'config-reloaded');
  warnOfRestart(started, result.settings, logger);
}

/** What sockets and exporters were opened with cannot change under them. */
function warnOfRestart(started: Settings, now: Settings, logger: Logger): void {
  const fixed = ['headerBytes', 'headersMs', 'connections', 'keepAliveMs'] as const;
  const changed: string[] = fixed
    .filter((name) => started.limits[name] !== now.limits[name])
    .map((name) => `limits.${name}`);
  for (const port of ['data', 'admin'] as const) {
    if (addressText(started.listen[port]) !== addressText(now.listen[port])) changed.push(`listen.${port}`);
  }
  for (const name of ['otlp', 'traceSampling', 'serviceName'] as const) {
    if (JSON.stringify(started.telemetry[name]) !== JSON.stringify(now.telemetry[name]))
      changed.push(`telemetry.${name}`);
  }
  if (changed.length > 0) logger.warn({ changed }, 'config-change-needs-restart');
}

/**
 * Readiness goes first, so that no new traffic is sent here; then no new connections; then every running request ends
 * by itself. The admin port answers until the last of them has.
 */
async function shutDown(gateway: Gateway, data: Server, admin: Server): Promise<void> {
  gateway.drain();
  await closeServer(data, gateway.limits().drainMs);
  gateway.logger.info({ inFlight: gateway.app.inFlight() }, 'drain-ended');
  await closeServer(admin, 0);
  const flushed = AbortSignal.timeout(FLUSH_MS);
  const closed = Promise.race([gateway.close(), aborted(flushed)]);
  await Promise.all([gateway.tracing.shutdown(flushed), gateway.logger.flush(flushed), closed]);
}

/** A connection that falls idle while the node drains is closed this soon, not after keepAliveMs. */
const IDLE_CHECK_MS = 50;

/** Idle connections close at once; the others when their answer has ended, or when the time is over. */
async function closeServer(server: Server, withinMs: number): Promise<void> {
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

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
