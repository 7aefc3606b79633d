/**
 * The data port's application. Express composes everything; what high-volume services send (chat, fim, embeddings) is
 * mounted in front of it, because Express costs such a request a tenth to a half more. Both go through the same edge.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Clock, GatewayError } from '@leeward/kernel';
import type { Logger, Metrics } from '@leeward/telemetry';
import express, { type Express } from 'express';
import type { Limits } from '../config/settings.ts';
import type { Authenticate } from './client-keys.ts';
import type { Visit } from '../visit.ts';
import { asGatewayError, respondError } from './error-response.ts';
import { type InferenceDeps, serveInference } from './inference.ts';
import type { Models } from './models.ts';
import type { Passthrough } from './passthrough.ts';
import { modelPathOf, type SurfacePath, surfaceOf, UNKNOWN_PATH, vendorPathOf } from './paths.ts';
import { requestIdFor } from './request-id.ts';
import type { Uses } from './uses.ts';

/** What a reload replaces as a whole; a request uses the one it began with to its end. */
export interface Generation {
  readonly authenticate: Authenticate;
  readonly inference: InferenceDeps;
  readonly models: Models;
  readonly limits: Limits;
  /** The requests that began with it. */
  readonly uses: Uses;
}

export interface AppDeps {
  readonly clock: Clock;
  readonly current: () => Generation;
  readonly passthrough: Passthrough;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly newId: () => string;
  readonly isDraining: () => boolean;
}

export interface App {
  readonly listener: RequestListener;
  /** Requests now under way. */
  readonly inFlight: () => number;
}

export function dataApp(deps: AppDeps): App {
  let inFlight = 0;
  const composed = composeExpress(deps);

  /** The edge: what every request goes through, whichever surface it is for. */
  async function serve(
    generation: Generation,
    requestId: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const visit: Visit = {
      requestId,
      clientName: generation.authenticate(request.headers),
      startedAtMs: deps.clock.nowMs(),
    };
    if (inFlight > generation.limits.inFlight) {
      throw new GatewayError('GW_OVERLOADED', 'This node is full.', { retryAfterMs: OVERLOADED_RETRY_MS });
    }
    const url = request.url ?? '';
    const surface = surfaceOf(url);
    if (surface === undefined) {
      const one = request.method === 'GET' ? modelPathOf(url) : undefined;
      if (one !== undefined) {
        const dialect = one.dialect === 'openai' ? 'openai' : 'mistral';
        await generation.models.respondOne(response, visit.requestId, dialect, one.model);
        return;
      }
      if (vendorPathOf(url) === undefined) {
        throw new GatewayError('GW_UNKNOWN_PATH', UNKNOWN_PATH);
      }
      // Express hands the response on, not our own words: the id travels with it.
      response.setHeader('x-request-id', requestId);
      composed(request, response);
    } else if (surface.surface === 'models') {
      allow('GET', request);
      await generation.models.respond(response, visit.requestId, surface.dialect === 'openai' ? 'openai' : 'mistral');
    } else {
      allow('POST', request);
      await serveInference(generation.inference, visit, surface, request, response);
    }
  }

  return {
    inFlight: () => inFlight,
    listener: (request, response) => {
      const generation = deps.current();
      inFlight++;
      generation.uses.enter();
      // The client opens its next connection elsewhere.
      if (deps.isDraining()) response.setHeader('connection', 'close');
      response.once('close', () => {
        inFlight--;
        generation.uses.leave();
      });
      const requestId = requestIdFor(request, deps.newId);
      serve(generation, requestId, request, response).catch((error: unknown) => {
        refuse(deps, requestId, request, response, error);
      });
    },
  };
}

/** Long enough for a good part of what is running to end. */
const OVERLOADED_RETRY_MS = 1000;

function composeExpress(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((request, response, next) => {
    deps
      .passthrough(request, response)
      .then(() => {
        if (!response.headersSent) deps.metrics.clientDisconnectsTotal.child('passthrough').inc();
      })
      .catch(next);
  });
  app.use((error: unknown, request: IncomingMessage, response: ServerResponse, _next: () => void) => {
    refuse(deps, String(response.getHeader('x-request-id')), request, response, error);
  });
  return app;
}

function allow(method: string, request: IncomingMessage): void {
  if (request.method === method) return;
  throw new GatewayError('GW_METHOD_NOT_ALLOWED', `This path takes ${method}, not ${request.method ?? 'that'}.`);
}

function refuse(
  deps: AppDeps,
  requestId: string,
  request: IncomingMessage,
  response: ServerResponse,
  cause: unknown,
): void {
  const path = surfaceOf(request.url ?? '');
  const surface = path === undefined || path.surface === 'models' ? 'passthrough' : path.surface;
  if (response.destroyed && !response.headersSent) {
    // Broke off before its body had come: there is nobody left to answer.
    deps.metrics.clientDisconnectsTotal.child(surface).inc();
    return;
  }
  const error = asGatewayError(cause);
  deps.metrics.rejectedRequestsTotal.child(error.code).inc();
  if (!response.headersSent) {
    const dialect = path?.dialect === 'openai' ? 'openai' : 'mistral';
    deps.metrics.requestsTotal.child('other', surface, dialect, String(error.status)).inc();
  }
  if (error.code === 'GW_INTERNAL') deps.logger.error({ requestId, error: cause }, 'request-failed');
  else {
    const { code, status } = error;
    deps.logger.info(
      { requestId, code, status, path: pathOf(request), reason: networkCode(error.cause) },
      'request-refused',
    );
  }
  respondError(response, error, {
    'x-request-id': requestId,
    ...(error.code === 'GW_METHOD_NOT_ALLOWED' ? { allow: allowedOn(path) } : {}),
  });
}

function allowedOn(path: SurfacePath | undefined): string {
  if (path === undefined) return 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
  return path.surface === 'models' ? 'GET' : 'POST';
}

/** Why an upstream was not reached (ECONNREFUSED and the like), where that is what went wrong. */
function networkCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** Without the query: it may hold what the client did not mean for a log. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0]?.slice(0, 200) ?? '';
}
