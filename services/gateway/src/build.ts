/**
 * The only file that constructs things, in plain calls from the bottom up. What a config change replaces is made by
 * `generation`; everything else lives as long as the process.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { MeasuredBus } from '@leeward/cluster';
import { RetryBudget } from '@leeward/failover';
import { type Clock, EndOfTurn, type Rng, systemClock, systemRng } from '@leeward/kernel';
import { createLogger, createMetrics, type Logger, type Metrics, startTracing, type Tracing } from '@leeward/telemetry';
import { Fleet, type FleetDeps, socketTransport } from '@leeward/upstream';
import { DrainedByHand } from './admin/by-hand.ts';
import { Decisions } from './record/decisions.ts';
import { viewLive } from './admin/live-view.ts';
import { viewTarget } from './admin/view-target.ts';
import { inspectKey } from './admin/inspect-keys.ts';
import { type ClusterSide, joinCluster } from './cluster/join.ts';
import { openBus } from './cluster/open-bus.ts';
import { ALONE } from './cluster/view-peers.ts';
import { printable } from './config/redact.ts';
import type { Limits, Settings } from './config/settings.ts';
import { adminApp } from './http/admin-app.ts';
import type { AdminDeps } from './http/admin-deps.ts';
import { type App, dataApp, type Generation } from './http/app.ts';
import { authenticator } from './http/client-keys.ts';
import { readConsoleFiles } from './http/console-files.ts';
import { Models } from './http/models.ts';
import { passthrough } from './http/passthrough.ts';
import { Uses } from './http/uses.ts';
import { budgetMirror } from './record/mirror-budget.ts';
import { mirrorTargets } from './record/mirror-targets.ts';
import { type ModelLabel, modelLabels } from './record/model-labels.ts';
import { ExchangeWatcher } from './record/exchange-watcher.ts';
import { Traffic } from './record/traffic.ts';
import { Routes } from './routes.ts';
import { VERSION } from './version.ts';

export interface Gateway {
  readonly app: App;
  readonly admin: ReturnType<typeof adminApp>;
  /** What the admin port shows. */
  readonly views: AdminDeps;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly drain: () => void;
  /** Takes a drain back; false when the gateway is ending. */
  readonly undrain: () => boolean;
  /** A drain that is not taken back. */
  readonly drainForGood: () => void;
  /** Takes a new config over; running requests end with the one they began with. */
  readonly reload: (settings: Settings) => void;
  /** As the running config has them. */
  readonly limits: () => Limits;
  readonly close: () => Promise<void>;
}

interface BuildOptions {
  /** Where log lines go; standard output unless said. */
  readonly log?: { write(line: string): void };
  /** One of a node's several processes: which, and the bus that it shares with the others. */
  readonly worker?: { readonly index: number; readonly bus: MeasuredBus };
}

/** A goodbye that nobody takes is not waited for. */
const LEAVE_MS = 1000;

/** Series that one metric may have: 64 targets with a dozen outcomes each, before values collapse into `other`. */
const SERIES_LIMIT = 2000;

export async function build(settings: Settings, { log, worker }: BuildOptions = {}): Promise<Gateway> {
  const clock = systemClock;
  const rng = systemRng;
  const { telemetry } = settings;
  const metrics = createMetrics({ seriesLimit: SERIES_LIMIT, version: VERSION });
  const instanceId = randomUUID();
  const logger = createLogger(
    {
      level: telemetry.logLevel,
      base: {
        service: telemetry.serviceName,
        instance: instanceId,
        ...(worker === undefined ? {} : { worker: worker.index }),
      },
      isShared: worker !== undefined,
      onDropped: (count) => metrics.logLinesDroppedTotal.child().inc(count),
      ...(log === undefined ? {} : { destination: log }),
    },
    { clock },
  );
  const tracing = await startTracing(
    {
      endpoint: telemetry.otlp?.endpoint,
      headers: telemetry.otlp?.headers ?? {},
      sampling: telemetry.traceSampling,
      serviceName: telemetry.serviceName,
      instanceId,
      version: VERSION,
      onDropped: (count) => metrics.spansDroppedTotal.child().inc(count),
    },
    { rng, clock },
  );
  const decisions = new Decisions();
  const traffic = new Traffic(clock);
  const drainedByHand = new DrainedByHand();
  let cluster: ClusterSide | undefined;
  const peers = {
    onNews: () => cluster?.tell(),
    mayProbe: (provider: string, key: string) => cluster?.mayProbe(provider, key) ?? true,
  };
  const shared = { clock, rng, budget: new RetryBudget(clock), metrics, logger, peers };
  let live = liveConfig({ ...shared, tracing, decisions, traffic }, settings, undefined);
  let draining = false;
  let ending = false;
  let retiring = Promise.resolve();
  const drain = () => {
    if (draining) return;
    draining = true;
    logger.info({ inFlight: app.inFlight() }, 'drain-started');
    cluster?.drain();
  };
  const undrain = () => {
    if (ending) return false;
    if (draining) logger.info({}, 'drain-cancelled');
    draining = false;
    cluster?.undrain();
    return true;
  };

  const app = dataApp({
    clock,
    metrics,
    logger,
    newId: randomUUID,
    isDraining: () => draining,
    current: () => live.generation,
    passthrough: passthrough({
      clock,
      providers: () => live.fleet.providers,
      onAnswered: (answered) => {
        metrics.requestsTotal.child('other', 'passthrough', 'mistral', String(answered.status)).inc();
        logger.info({ ...answered }, 'passthrough-answered');
      },
    }),
  });
  const mirrorBudget = budgetMirror(metrics, shared.budget);
  metrics.onCollect(() => {
    metrics.inFlightRequests.child().set(app.inFlight());
    mirrorBudget();
    mirrorTargets(metrics, live.fleet.targets, live.modelLabel);
  });

  const side = { ...shared, fleet: () => live.fleet, modelLabel: (model: string) => live.modelLabel(model) };
  const { cluster: options } = settings;
  if (worker !== undefined)
    cluster = joinCluster(side, { name: `${hostname()}-${worker.index}`, bus: () => worker.bus });
  else if (options !== undefined) {
    cluster = joinCluster(side, { name: hostname(), bus: (peer) => openBus(shared, options, peer) });
  }

  const views: AdminDeps = {
    about: { node: hostname(), version: VERSION, workers: 1 },
    logger,
    metrics,
    // A worker has no admin port.
    console: worker === undefined ? await readConsoleFiles() : new Map(),
    isDraining: () => draining,
    drain,
    undrain,
    drainTarget: (target, drain) => drainedByHand.set(live.fleet, target, drain),
    testKey: (provider, key, signal) => inspectKey(live.settings, { provider, key }, clock, signal),
    adminToken: () => live.settings.admin.tokenSha256,
    readiness: () => ({
      status: draining ? 'draining' : 'ready',
      degraded: cluster?.degraded() ?? [],
      inFlight: app.inFlight(),
    }),
    targets: () => live.fleet.targets.map(viewTarget),
    live: () => {
      const { fleet, generation } = live;
      const routes = generation.inference.routes.views;
      return viewLive({ targets: fleet.targets, routes, traffic, decisions }, clock.nowMs());
    },
    history: () => traffic.history,
    decisions: (filter) => decisions.list(clock.nowMs(), filter),
    peers: () => cluster?.view() ?? ALONE,
    config: () => printable(live.settings),
    inFlight: app.inFlight,
  };
  return {
    app,
    admin: adminApp(views),
    views,
    logger,
    metrics,
    tracing,
    drain,
    undrain,
    drainForGood: () => {
      ending = true;
      drain();
    },
    reload: (next) => {
      const before = live;
      live = liveConfig({ ...shared, tracing, decisions, traffic }, next, before);
      drainedByHand.apply(live.fleet);
      logger.setLevel(next.telemetry.logLevel);
      // Its requests may need another attempt yet; and in order, for what it passed on belongs to the next one.
      const successor = live.fleet;
      retiring = retiring
        .then(() => before.generation.uses.ended())
        .then(() => before.fleet.retire(successor))
        .catch((error: unknown) => logger.error({ error }, 'fleet-retire-failed'));
    },
    limits: () => live.settings.limits,
    close: async () => {
      await cluster?.leave(AbortSignal.timeout(LEAVE_MS));
      await live.fleet.retire();
    },
  };
}

interface Shared {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly budget: RetryBudget;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly decisions: Decisions;
  readonly traffic: Traffic;
  /** Those of the cluster, when there is one. */
  readonly peers: Required<Pick<FleetDeps, 'onNews' | 'mayProbe'>>;
}

interface LiveConfig {
  readonly settings: Settings;
  readonly fleet: Fleet;
  readonly generation: Generation;
  readonly modelLabel: ModelLabel;
}

/** Everything that follows from the config, with what was learned of unchanged providers taken over from `before`. */
function liveConfig(shared: Shared, settings: Settings, before: LiveConfig | undefined): LiveConfig {
  const { clock, rng, metrics, logger, tracing, decisions, traffic } = shared;
  const modelLabel = modelLabels(settings.routes);
  const fleet = new Fleet(
    {
      clock,
      rng,
      ...shared.peers,
      openTransport: ({ baseUrl, connections }) => socketTransport(clock, new URL(baseUrl).origin, { connections }),
      onTrip: (target, reason) => {
        metrics.breakerTripsTotal.child(target.provider.name, target.key.name, modelLabel(target.model), reason).inc();
        logger.warn({ target: target.id, reason, freeInMs: Math.round(target.freeInMs) }, 'breaker-opened');
      },
      onKeyRejected: (provider, keyName) => logger.warn({ provider, keyName }, 'key-quarantined'),
    },
    settings.providers,
    before?.fleet,
  );
  const routes = new Routes({ clock, rng, fleet }, settings.routes, before?.generation.inference.routes);
  fleet.prune();
  const watcher = new ExchangeWatcher({
    metrics,
    tracing,
    logger,
    decisions,
    clock,
    traffic,
    accessLog: settings.telemetry.accessLog,
    traceSlowMs: settings.telemetry.traceSlowMs,
    modelLabel,
  });
  return {
    settings,
    fleet,
    modelLabel,
    generation: {
      authenticate: authenticator(settings.auth),
      limits: settings.limits,
      uses: new Uses(),
      models: new Models({ clock, providers: fleet.providers, routeNames: routes.names }),
      inference: {
        clock,
        rng,
        budget: shared.budget,
        routes,
        limits: settings.limits,
        watcher,
        endOfTurn: new EndOfTurn(),
      },
    },
  };
}
