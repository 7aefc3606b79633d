/** The admin port, for people and machines that operate the node: health, metrics, targets, decisions, config, drain. */
import { type Clock, systemClock } from '@leeward/kernel';
import type { Logger, Metrics } from '@leeward/telemetry';
import express, { type Express, type Response } from 'express';
import { readDecisionFilter } from '../admin/decision-filter.ts';
import type { DecisionFilter } from '../admin/decisions.ts';
import type { LiveView } from '../admin/live-view.ts';
import type { KeyReport } from '../cli/keys.ts';
import type { TrafficHistory } from '../record/traffic.ts';
import { adminActions } from './admin-actions.ts';
import { consoleRouter } from './console.ts';
import type { ConsoleFiles } from './console-files.ts';
import { LiveEvents } from './live-events.ts';

/** A node of several processes has to ask them. */
type Soon<T> = T | Promise<T>;

export interface Readiness {
  /** Only who is `ready` is to get traffic. */
  readonly status: 'starting' | 'ready' | 'draining';
  /** What is amiss without keeping the node from serving. */
  readonly degraded: readonly string[];
  readonly inFlight: number;
}

/** What stays as it is while the node runs. */
export interface About {
  readonly node: string;
  readonly version: string;
  /** Processes that serve. */
  readonly workers: number;
}

export interface AdminDeps {
  readonly about: About;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly console: ConsoleFiles;
  readonly metrics: Pick<Metrics, 'text'>;
  readonly isDraining: () => boolean;
  readonly drain: () => void;
  /** Takes a drain back; false when the node is ending. */
  readonly undrain: () => Soon<boolean>;
  /** False when there is no such target. */
  readonly drainTarget: (target: string, drain: boolean) => Soon<boolean>;
  /** Undefined when there is no such key. */
  readonly testKey: (provider: string, key: string, signal: AbortSignal) => Promise<KeyReport | undefined>;
  /** Undefined where none is configured. */
  readonly adminToken: () => Buffer | undefined;
  readonly readiness: () => Soon<Readiness>;
  readonly targets: () => Soon<readonly object[]>;
  /** For one caller, that asks again and again: with what is new since it last did. */
  readonly live: () => Soon<LiveView>;
  readonly history: () => Soon<TrafficHistory>;
  readonly decisions: (filter: DecisionFilter) => Soon<readonly object[]>;
  /** Of the cluster, as this node sees it. */
  readonly peers: () => Soon<object>;
  /** Without secrets. */
  readonly config: () => object;
  readonly inFlight: () => Soon<number>;
}

export function adminApp(deps: AdminDeps, clock: Clock = systemClock): Express {
  const events = new LiveEvents({
    clock,
    view: () => viewNow(deps),
    onFailed: (error) => deps.logger.error({ error }, 'live-view-failed'),
  });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    next();
  });
  app.get('/healthz/live', (_request, response) => {
    response.json({ status: 'live' });
  });
  app.get('/healthz/ready', async (_request, response) => {
    const readiness = await deps.readiness();
    response.status(readiness.status === 'ready' ? 200 : 503).json(readiness);
  });
  app.get('/metrics', async (request, response) => {
    const { contentType, body } = await deps.metrics.text(request.headers.accept);
    response.setHeader('content-type', contentType);
    response.end(body);
  });
  app.get('/admin/targets', async (_request, response) => sendList(response, 'targets', await deps.targets()));
  app.get('/admin/peers', async (_request, response) => {
    response.json(await deps.peers());
  });
  app.get('/admin/decisions', async (request, response) => {
    const read = readDecisionFilter(new URLSearchParams(/\?(.*)$/.exec(request.url)?.[1]));
    if (read.kind === 'refused') response.status(400).json({ error: read.problem });
    else sendList(response, 'decisions', await deps.decisions(read.filter));
  });
  app.get('/admin/config', (_request, response) => {
    response.json(deps.config());
  });
  app.get('/admin/history', async (_request, response) => {
    response.json(await deps.history());
  });
  app.get('/admin/events', (_request, response) => {
    if (!events.add(response)) response.status(503).json({ error: 'So many listeners are here already.' });
  });
  app.use(adminActions(deps));
  app.use('/console', consoleRouter(deps, deps.console));
  app.use((_request, response) => {
    response.status(404).json({ error: 'not found' });
  });
  return app;
}

async function viewNow(deps: AdminDeps): Promise<object> {
  const [readiness, live, peers] = await Promise.all([deps.readiness(), deps.live(), deps.peers()]);
  return {
    about: deps.about,
    access: deps.adminToken() === undefined ? 'loopback' : 'token',
    ...readiness,
    ...live,
    cluster: peers,
  };
}

function sendList(response: Response, name: string, list: readonly object[]): void {
  response.json({ [name]: list });
}
