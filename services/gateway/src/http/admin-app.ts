/** The admin port, for people and machines that operate the node: health, metrics, targets, decisions, config, drain. */
import type { Metrics } from '@leeward/telemetry';
import express, { type Express, type Response } from 'express';
import { readDecisionFilter } from '../admin/decision-filter.ts';
import type { DecisionFilter } from '../admin/decisions.ts';
import { MAX_SHOWN_DECISIONS, overviewPage } from '../admin/overview-page.ts';

/** A node of several processes has to ask them. */
type Soon<T> = T | Promise<T>;

export interface Readiness {
  /** Only who is `ready` is to get traffic. */
  readonly status: 'starting' | 'ready' | 'draining';
  /** What is amiss without keeping the node from serving. */
  readonly degraded: readonly string[];
  readonly inFlight: number;
}

export interface AdminDeps {
  readonly metrics: Pick<Metrics, 'text'>;
  readonly isDraining: () => boolean;
  readonly drain: () => void;
  readonly readiness: () => Soon<Readiness>;
  readonly targets: () => Soon<readonly object[]>;
  readonly decisions: (filter: DecisionFilter) => Soon<readonly object[]>;
  /** Of the cluster, as this node sees it. */
  readonly peers: () => Soon<object>;
  /** Without secrets. */
  readonly config: () => object;
  readonly inFlight: () => Soon<number>;
}

export function adminApp(deps: AdminDeps): Express {
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
  app.post('/admin/drain', async (_request, response) => {
    deps.drain();
    response.status(202).json({ status: 'draining', inFlight: await deps.inFlight() });
  });
  app.get('/console', async (_request, response) => {
    const [inFlight, targets, decisions] = await Promise.all([
      deps.inFlight(),
      deps.targets(),
      deps.decisions({ limit: MAX_SHOWN_DECISIONS }),
    ]);
    response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    response.type('html').send(overviewPage({ isDraining: deps.isDraining(), inFlight, targets, decisions }));
  });
  app.use((_request, response) => {
    response.status(404).json({ error: 'not found' });
  });
  return app;
}

function sendList(response: Response, name: string, list: readonly object[]): void {
  response.json({ [name]: list });
}
