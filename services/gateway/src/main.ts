/** Read config → build → listen → drain when told to stop. */
import { systemClock } from '@leeward/kernel';
import type { Logger } from '@leeward/telemetry';
import { build, type Gateway } from './build.ts';
import { readEnvironment } from './config/environment.ts';
import { readFileBounded } from './config/files.ts';
import type { ConfigResult } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { needsRestart } from './config/needs-restart.ts';
import { watchConfig } from './config/watch.ts';
import { closeServer } from './http/close-server.ts';
import { adminServer, dataServer } from './http/ports.ts';
import { listen, renewTls } from './http/server.ts';
import { aborted, type RunningGateway, shutDown } from './shut-down.ts';

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

export async function runGateway({
  settings,
  configPath,
  signal,
  print,
  ...options
}: RunOptions): Promise<RunningGateway> {
  const gateway = await build(settings, options);
  const data = dataServer(gateway.app.listener, settings);
  const admin = adminServer(gateway.admin, settings);
  const { adminTls, dataTls } = settings.listen;
  const adminUrl = await listen(admin, settings.listen.admin, adminTls);
  const dataUrl = await listen(data, settings.listen.data, dataTls).catch(async (error: unknown) => {
    // Half a gateway would keep the process alive.
    await Promise.all([closeServer(admin, 0), gateway.close()]);
    throw error;
  });
  gateway.logger.info({ dataUrl, adminUrl }, 'gateway-listening');
  print(`leeward listens on ${dataUrl} (data) and ${adminUrl} (admin)`);
  if (configPath !== undefined) {
    const onReload = (now: Settings) => {
      renewTls(data, now.listen.dataTls);
      renewTls(admin, now.listen.adminTls);
    };
    watchReloads({ gateway, started: settings, onReload }, configPath, signal).catch((error: unknown) =>
      gateway.logger.error({ error }, 'config-watch-failed'),
    );
  }
  const done = aborted(signal).then(() => shutDown(gateway, data, admin));
  return { dataUrl, adminUrl, done };
}

interface Reloading {
  readonly gateway: Gateway;
  readonly started: Settings;
  /** For what is not the gateway's: its ports. */
  readonly onReload: (now: Settings) => void;
}

function watchReloads(reloading: Reloading, path: string, signal: AbortSignal): Promise<void> {
  const deps = {
    clock: systemClock,
    env: readEnvironment(),
    readFile: readFileBounded,
    fingerprint: reloading.started.fingerprint,
  };
  return watchConfig(path, deps, (result) => takeOver(reloading, result), signal);
}

function takeOver({ gateway, started, onReload }: Reloading, result: ConfigResult): void {
  const { metrics, logger } = gateway;
  const accepted = result.kind === 'ok';
  metrics.configReloadsTotal.child(accepted ? 'ok' : 'failed').inc();
  metrics.configLastReloadSuccess.child().set(accepted ? 1 : 0);
  if (!accepted) {
    logger.error({ problems: result.problems }, 'config-refused');
    return;
  }
  gateway.reload(result.settings);
  onReload(result.settings);
  logger.info({}, 'config-reloaded');
  warnOfRestart(started, result.settings, logger);
}

/** What sockets and exporters were opened with cannot change under them. */
function warnOfRestart(started: Settings, now: Settings, logger: Logger): void {
  const changed = needsRestart(started, now);
  if (changed.length > 0) logger.warn({ changed }, 'config-change-needs-restart');
}
