/**
 * Everything of Mistral's API that has no handling of its own: uploads, files, batch, agents, conversations, audio,
 * OCR. Streamed both ways with the key injected, never retried: the body has gone by the time it fails.
 *
 * Files, agents and conversations belong to a workspace, so this traffic always takes the same key, the first one that
 * is not put aside, rather than being balanced.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '@leeward/kernel';
import type { Key, Provider } from '@leeward/upstream';
import { createProxyMiddleware, debugProxyErrorsPlugin, proxyEventsPlugin } from 'http-proxy-middleware';
import { respondError } from './error-response.ts';
import { vendorPathOf } from './paths.ts';

export interface PassthroughDeps {
  /** Providers as of now: a reload changes them. */
  readonly providers: () => readonly Provider[];
  /** The id that the edge gave this request. */
  readonly requestIdOf: (request: IncomingMessage) => string;
  readonly onAnswered: (request: IncomingMessage, provider: string, key: string, status: number) => void;
}

/** A vendor may think for minutes about a batch of pages; an upload of half a gigabyte takes as long. */
const SILENCE_MS = 600_000;

/** What a client sends for this gateway only, or for the connection between them. */
const NOT_FORWARDED = [
  'authorization',
  'x-api-key',
  'cookie',
  'x-request-id',
  'traceparent',
  'tracestate',
  'forwarded',
];

const NOT_RETURNED = ['set-cookie', 'x-request-id', 'alt-svc', 'strict-transport-security', 'server', 'via'];

export type Passthrough = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Throws GW_UNKNOWN_PATH for what is not the vendor's. */
export function passthrough(deps: PassthroughDeps): Passthrough {
  const chosen = new WeakMap<IncomingMessage, { provider: Provider; key: Key }>();
  const proxy = createProxyMiddleware({
    changeOrigin: true,
    xfwd: false,
    // Without the default plugins that answer errors in plain text and write to a console.
    ejectPlugins: true,
    plugins: [debugProxyErrorsPlugin, proxyEventsPlugin],
    proxyTimeout: SILENCE_MS,
    timeout: SILENCE_MS,
    router: (request) => choose(request).provider.options.baseUrl,
    pathRewrite: (_path, request) => vendorPath(request),
    on: {
      proxyReq: (outgoing, request) => {
        const { key } = choose(request);
        for (const name of outgoing.getHeaderNames()) {
          if (NOT_FORWARDED.includes(name) || name.startsWith('x-leeward-')) outgoing.removeHeader(name);
        }
        outgoing.setHeader('authorization', `Bearer ${key.secret.reveal()}`);
      },
      proxyRes: (incoming, request) => {
        const { provider, key } = choose(request);
        for (const name of NOT_RETURNED) delete incoming.headers[name];
        incoming.headers['x-request-id'] = deps.requestIdOf(request);
        incoming.headers['x-leeward-provider'] = provider.name;
        incoming.headers['x-leeward-key'] = key.name;
        incoming.headers['x-leeward-attempts'] = '1';
        incoming.headers['x-leeward-fallback'] = '0';
        deps.onAnswered(request, provider.name, key.name, incoming.statusCode ?? 0);
      },
      error: (cause, request, response) => {
        // A socket instead of a response would be an upgrade, which is never proxied.
        if (!('writeHead' in response)) return;
        const error = new GatewayError('GW_UPSTREAM_FAILED', 'The upstream did not answer this request.', { cause });
        respondError(response as ServerResponse, error, { 'x-request-id': deps.requestIdOf(request) });
      },
    },
  });

  function choose(request: IncomingMessage): { provider: Provider; key: Key } {
    const known = chosen.get(request);
    if (known !== undefined) return known;
    const provider = deps.providers().find(({ dialect }) => dialect === 'mistral');
    const key = provider?.keys.find(({ quarantine, weight }) => weight > 0 && quarantine.admits) ?? provider?.keys[0];
    if (provider === undefined || key === undefined) {
      throw new GatewayError('GW_UNKNOWN_PATH', 'No surface answers on this path, and no provider takes it as it is.');
    }
    const choice = { provider, key };
    chosen.set(request, choice);
    return choice;
  }

  return async (request, response) => {
    vendorPath(request);
    choose(request);
    await proxy(request, response);
  };
}

function vendorPath(request: IncomingMessage): string {
  const path = vendorPathOf(request.url ?? '');
  if (path === undefined) {
    throw new GatewayError('GW_UNKNOWN_PATH', 'No surface answers on this path; paths begin with /v1.');
  }
  return path;
}
