/**
 * The hot path: chat, fim and embeddings. Reads the request, finds its route, lets failover run the exchange, and
 * writes what came of it. One function for all three surfaces, because they differ only in wire's mappings.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExchangeReport, type RetryBudget, runExchange, type Served } from '@leeward/failover';
import { type Clock, type EndOfTurn, GatewayError, type Rng } from '@leeward/kernel';
import { type ClientRequest, readClientRequest } from '@leeward/wire';
import type { Limits } from '../config/settings.ts';
import type { ExchangeWatcher } from '../record/exchange-watcher.ts';
import type { Route, Routes } from '../routes.ts';
import type { Visit } from '../visit.ts';
import { affinityOf } from './affinity.ts';
import { dialectByHeaders, withDialectByHabit } from './client-dialect.ts';
import { type ResponseHeaders, respondError } from './error-response.ts';
import { HttpDownstream } from './http-downstream.ts';
import type { SurfacePath } from './paths.ts';
import { readBody } from './read-body.ts';
import { respondReply } from './respond-reply.ts';
import { servedHeaders } from './response-headers.ts';

export interface InferenceDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly budget: RetryBudget;
  readonly routes: Routes;
  readonly limits: Limits;
  readonly watcher: ExchangeWatcher;
  readonly endOfTurn: EndOfTurn;
}

export async function serveInference(
  deps: InferenceDeps,
  visit: Visit,
  surface: SurfacePath,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (surface.surface === 'models') throw new TypeError('models is not an inference surface');
  // Listening for the client's leaving begins before anything is awaited.
  const downstream = new HttpDownstream(response, visit.requestId, deps.endOfTurn);
  const { bodyBytes, requestMs } = deps.limits;
  const bytes = await readBody(deps.clock, request, response, { maxBytes: bodyBytes, withinMs: requestMs });
  // Decoded, broken characters would become other ones; passed on, they would be the upstream's to stumble over.
  if (!isUtf8(bytes)) throw new GatewayError('GW_BAD_JSON', 'The body is not valid UTF-8.');
  const { headers } = request;
  const fixed = surface.dialect !== 'auto';
  const read = readClientRequest(surface.surface, fixed ? surface.dialect : dialectByHeaders(headers), bytes);
  const client = fixed ? read : withDialectByHabit(read, headers);
  const route = deps.routes.find(client.model);
  const pools = mayFallBack(request) ? route.pools : route.pools.slice(0, 1);
  const deadlineAtMs = visit.startedAtMs + patienceMs(route, request);
  const affinity = affinityOf(headers, client);
  const begun = {
    visit,
    client,
    path: surface.path,
    url: request.url ?? '',
    isTls: 'encrypted' in request.socket,
    route: route.name,
    picker: route.options.picker,
    affinity: affinity?.by,
  };
  const watch = deps.watcher.begin(begun, headers['traceparent']);
  const { clock, rng, budget } = deps;
  const report = await runExchange(
    { clock, rng, budget, picker: route.picker },
    {
      request: client,
      path: surface.path,
      pools,
      timeouts: route.options.timeouts,
      retries: route.options.retries,
      recovery: route.options.recovery,
      deadlineAtMs,
      affinity: affinity?.key,
      hedging: route.hedging,
      maxAnswerBytes: deps.limits.answerBytes,
    },
    downstream,
  );
  watch.end(report, respond(client, report, downstream));
}

/** Writes the end of the exchange; answers the status that the client sees. */
function respond(client: ClientRequest, report: ExchangeReport, downstream: HttpDownstream): number {
  const { end } = report;
  const { requestId, response } = downstream;
  switch (end.kind) {
    case 'answered':
      return respondReply(downstream, client, end.reply, end.served);
    case 'streamed':
    case 'broken':
      return 200;
    case 'refused': {
      const headers = end.served === undefined ? { 'x-request-id': requestId } : refusedHeaders(requestId, end.served);
      respondError(response, end.error, headers);
      return end.error.status;
    }
    case 'cancelled':
      response.destroy();
      return CLIENT_LEFT;
  }
}

function refusedHeaders(requestId: string, served: Served): ResponseHeaders {
  // Who was asked last is worth knowing; what it sent belongs to a failed attempt and stays behind.
  return servedHeaders(requestId, { ...served, headers: {} });
}

/** nginx's number for a client that closed its connection; it is never sent. */
const CLIENT_LEFT = 499;

/** How long the caller waits in all: the route's bound, or less when the caller says so. */
function patienceMs(route: Route, request: IncomingMessage): number {
  const { totalMs } = route.options.timeouts;
  const text = request.headers['x-leeward-deadline-ms'];
  if (text === undefined) return totalMs;
  // Plain digits: Number takes far more for a whole number, such as 1e3, 0x10 and blanks.
  const asked = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (asked < 1) {
    throw new GatewayError(
      'GW_BAD_REQUEST',
      'x-leeward-deadline-ms must be a whole number of milliseconds, at least 1.',
    );
  }
  return Math.min(totalMs, asked);
}

/** Whoever forbids a fallback has a reason, often a contract: what is meant so and misspelt must not pass for a yes. */
function mayFallBack(request: IncomingMessage): boolean {
  const text = request.headers['x-leeward-no-fallback'];
  if (text === undefined || /^false$/i.test(String(text))) return true;
  if (/^true$/i.test(String(text))) return false;
  throw new GatewayError('GW_BAD_REQUEST', 'x-leeward-no-fallback must be true or false.');
}
