/** The admin port, for people and machines that operate the node: health, metrics, targets, decisions, config, drain. */
import { type Clock, systemClock } from '@leeward/kernel';
import express, { type Express, type Response } from 'express';
import { readDecisionFilter } from '../admin/decision-filter.ts';
import { adminActions } from './admin-actions.ts';
import type { AdminDeps } from './admin-deps.ts';
import { consoleRouter } from './console.ts';
import { LiveEvents } from './live-events.ts';

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
  app.get('/', (_request, response) => response.redirect('/console'));
  app.use((_request, response) => {
    response.status(404).json({ error: NOT_FOUND });
  });
  return app;
}

/** Who is here by mistake has most often taken the one port for the other. */
const NOT_FOUND =
  'Nothing is here. This is the admin port: /console, /metrics, /healthz/live, /healthz/ready, /admin/targets, ' +
  '/admin/decisions, /admin/peers, /admin/config. Requests for a model go to the data port.';

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
