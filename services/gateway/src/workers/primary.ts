/**
 * The primary of a node of several workers: it reads the config, forks the workers and starts those anew that end, hands
 * them their connections, and has the admin port and the one bus to other nodes. No request's bytes pass through it, so
 * that one process is enough for any number of workers.
 */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { type Bus, Hub, newPeerId } from '@leeward/cluster';
import { systemClock, systemRng } from '@leeward/kernel';
import { createLogger, createMetrics, type Logger, type Metrics } from '@leeward/telemetry';
import { inspectKey } from '../admin/inspect-keys.ts';
import { openBus } from '../cluster/open-bus.ts';
import { printable } from '../config/redact.ts';
import type { Settings } from '../config/settings.ts';
import { adminApp } from '../http/admin-app.ts';
import { closeServer } from '../http/close-server.ts';
import { readConsoleFiles } from '../http/console-files.ts';
import { adminServer } from '../http/ports.ts';
import { listen, renewTls } from '../http/server.ts';
import { aborted, FLUSH_MS, type RunningGateway } from '../shut-down.ts';
import { VERSION } from '../version.ts';
import { Crew } from './crew.ts';
import { Dealer } from './dealer.ts';
import { workerForks } from './fork-worker.ts';
import { LiveReading } from './live-reading.ts';
import { NodeMetrics } from './node-metrics.ts';
import { NodeViews } from './node-views.ts';
import type { Reading } from './reading.ts';

interface RunNodeOptions {
  readonly workers: number;
  readonly settings: Settings;
  /** What the settings were read from. */
  readonly reading: Reading;
  /** The file to watch for changes; undefined for a built-in config. */
  readonly configPath: string | undefined;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/** The primary's own series are a handful; the workers' are bounded where they are counted. */
const SERIES_LIMIT = 100;

/** Beyond drainMs, for a worker to write its last lines and end. */
const END_MS = 2 * FLUSH_MS;

export async function runNode(options: RunNodeOptions): Promise<RunningGateway> {
  const { settings, reading, workers, signal, print } = options;
  const metrics = createMetrics({ seriesLimit: SERIES_LIMIT, version: VERSION });
  // Of the workers, which this process is not.
  metrics.workers.child().set(0);
  const logger = openLogger(settings, metrics);
  const onTaken = (now: Settings): void => renewTls(admin, now.listen.adminTls);
  const live = new LiveReading({ metrics, logger, onTaken }, settings, reading);
  const outer = outerBus(settings, logger);
  const hub = new Hub(outer);
  let isDraining = false;
  let isEnding = false;
  const drainedTargets = new Set<string>();
  const dealer = new Dealer({ clock: systemClock, limit: () => settings.limits.connections });
  const crew = new Crew(
    {
      clock: systemClock,
      logger,
      hub,
      dealer,
      fork: workerForks(),
      begin: (index) => ({
        kind: 'begin',
        index,
        workers,
        reading: live.reading,
        isDraining,
        drainedTargets: [...drainedTargets],
      }),
      onEnded: (index) => nodeMetrics.workerEnded(index),
      onRestart: () => metrics.workerRestartsTotal.child().inc(),
    },
    workers,
  );
  const views = new NodeViews((question, within) => crew.askAll(question, within));
  const nodeMetrics = new NodeMetrics({ own: metrics, askAll: () => views.families() });
  countDrops(metrics, hub);
  // A worker's own bus ends at the hub: whether the node reaches others is known here.
  metrics.onCollect(() => metrics.clusterBusConnected.child().set(outer?.state === 'connected' ? 1 : 0));
  const drain = (): void => {
    if (isDraining) return;
    isDraining = true;
    crew.tell({ kind: 'drain' });
  };
  const admin = adminServer(
    adminApp({
      about: { node: hostname(), version: VERSION, workers },
      logger,
      console: await readConsoleFiles(),
      metrics: nodeMetrics,
      isDraining: () => isDraining,
      drain,
      undrain: async () => {
        if (isEnding) return false;
        isDraining = false;
        await views.tellAll({ kind: 'undrain' });
        return true;
      },
      drainTarget: async (target, drain) => {
        const isKnown = await views.tellAll({ kind: 'drain-target', target, drain });
        // For workers that start later.
        if (!drain) drainedTargets.delete(target);
        else if (isKnown) drainedTargets.add(target);
        return isKnown;
      },
      testKey: (provider, key, left) => inspectKey(live.settings, { provider, key }, systemClock, left),
      adminToken: () => live.settings.admin.tokenSha256,
      readiness: async () => ({
        status: isDraining ? 'draining' : crew.hasStarted && crew.serving > 0 ? 'ready' : 'starting',
        degraded: [
          ...(outer === undefined || outer.state === 'connected' ? [] : ['cluster-bus-disconnected']),
          ...(crew.hasStarted && crew.serving < workers ? ['worker-restarting'] : []),
        ],
        inFlight: await views.inFlight(),
      }),
      inFlight: () => views.inFlight(),
      targets: () => views.targets(),
      live: () => views.live(),
      history: () => views.history(),
      decisions: (filter) => views.decisions(filter),
      peers: () => views.peers(),
      config: () => printable(live.settings),
    }),
    settings,
  );

  const adminUrl = await listen(admin, settings.listen.admin, settings.listen.adminTls);
  const dataUrl = await dealer
    .listen(settings.listen.data, settings.listen.dataTls)
    .then(async (url) => {
      await crew.start();
      return url;
    })
    .catch(async (error: unknown) => {
      // Half a node would keep the process alive.
      dealer.close();
      await Promise.all([closeServer(admin, 0), outer?.close(AbortSignal.timeout(FLUSH_MS))]);
      throw error;
    });
  logger.info({ dataUrl, adminUrl, workers }, 'gateway-listening');
  print(`leeward listens on ${dataUrl} (data) and ${adminUrl} (admin)`);
  if (options.configPath !== undefined) {
    live
      .watch(options.configPath, crew, signal)
      .catch((error: unknown) => logger.error({ error }, 'config-watch-failed'));
  }
  const done = aborted(signal).then(() => {
    isEnding = true;
    drain();
    dealer.close();
    return stopNode({ crew, admin, outer, logger }, live.settings.limits.drainMs);
  });
  return { dataUrl, adminUrl, done };
}

interface Node {
  readonly crew: Crew;
  readonly admin: Server;
  readonly outer: Bus | undefined;
  readonly logger: Logger;
}

/** The workers end by themselves within drainMs, the admin port answers until the last of them has. */
async function stopNode({ crew, admin, outer, logger }: Node, drainMs: number): Promise<void> {
  const killed = await crew.stop(drainMs + END_MS);
  if (killed > 0) logger.error({ killed }, 'workers-killed');
  logger.info({ workers: crew.size }, 'node-drained');
  await closeServer(admin, 0);
  const flushed = AbortSignal.timeout(FLUSH_MS);
  await Promise.all([outer?.close(flushed), logger.flush(flushed)]);
}

function openLogger({ telemetry }: Settings, metrics: Metrics): Logger {
  return createLogger(
    {
      level: telemetry.logLevel,
      base: { service: telemetry.serviceName, instance: randomUUID() },
      isShared: true,
      onDropped: (count) => metrics.logLinesDroppedTotal.child().inc(count),
    },
    { clock: systemClock },
  );
}

/** Undefined where the node has no peers but its own workers. */
function outerBus({ cluster }: Settings, logger: Logger): Bus | undefined {
  if (cluster === undefined) return undefined;
  return openBus({ clock: systemClock, rng: systemRng, logger }, cluster, newPeerId(cluster.name, systemRng));
}

function countDrops(metrics: Metrics, hub: Hub): void {
  let counted = 0;
  metrics.onCollect(() => {
    metrics.workerMessagesDroppedTotal.child().inc(hub.droppedMessages - counted);
    counted = hub.droppedMessages;
  });
}
