/** The admin port, for people and machines that operate the node: health, metrics, targets, decisions, config, drain. */
import type { Metrics } from '@leeward/telemetry';
import express, { type Express, type Response } from 'express';
import { readDecisionFilter } from '../admin/decision-filter.ts';
import type { DecisionFilter } from '../admin/decisions.ts';
import { overviewPage } from '../admin/overview-page.ts';

export interface AdminDeps {
  readonly metrics: Metrics;
  readonly isDraining: () => boolean;
  readonly drain: () => void;
  readonly targets: () => readonly object[];
  readonly decisions: (filter: DecisionFilter) => readonly object[];
  /** Without secrets. */
  readonly config: () => object;
  readonly inFlight: () => number;
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
  app.get('/healthz/ready', (_request, response) => {
    if (deps.isDraining()) response.status(503).json({ status: 'draining', inFlight: deps.inFlight() });
    else response.json({ status: 'ready', inFlight: deps.inFlight() });
  });
  app.get('/metrics', async (request, response) => {
    const { contentType, body } = await deps.metrics.text(request.headers.accept);
    response.setHeader('content-type', contentType);
    response.end(body);
  });
  app.get('/admin/targets', (_request, response) => sendList(response, 'targets', deps.targets()));
  app.get('/admin/decisions', (request, response) => {
    const read = readDecisionFilter(new URLSearchParams(/\?(.*)$/.exec(request.url)?.[1]));
    if (read.kind === 'refused') response.status(400).json({ error: read.problem });
    else sendList(response, 'decisions', deps.decisions(read.filter));
  });
  app.get('/admin/config', (_request, response) => {
    response.json(deps.config());
  });
  app.post('/admin/drain', (_request, response) => {
    deps.drain();
    response.status(202).json({ status: 'draining', inFlight: deps.inFlight() });
  });
  app.get('/console', (_request, response) => {
    response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    response.type('html').send(overviewPage(deps));
  });
  app.use((_request, response) => {
    response.status(404).json({ error: 'not found' });
  });
  return app;
}

function sendList(response: Response, name: string, list: readonly object[]): void {
  response.json({ [name]: list });
}
