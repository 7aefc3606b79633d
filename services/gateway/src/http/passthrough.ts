/**
 * Everything of Mistral's API that has no handling of its own: uploads, files, batch, agents, conversations, audio,
 * OCR. Streamed both ways with the key injected, never retried: the body has gone by the time it fails.
 *
 * Files, agents and conversations belong to a workspace, so this traffic always takes the same key, the first one that
 * is not put aside, rather than being balanced.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type Clock, GatewayError } from '@leeward/kernel';
import type { Key, Provider } from '@leeward/upstream';
import { createProxyMiddleware, debugProxyErrorsPlugin, proxyEventsPlugin } from 'http-proxy-middleware';
import { UNKNOWN_PATH, vendorPathOf } from './paths.ts';
import { continueIfAsked } from './read-body.ts';

/** The head of an answer as it passes. */
export interface PassedAnswer {
  readonly requestId: string;
  readonly method: string;
  readonly provider: string;
  readonly keyName: string;
  readonly status: number;
}

export interface PassthroughDeps {
  readonly clock: Clock;
  /** Providers as of now: a reload changes them. */
  readonly providers: () => readonly Provider[];
  readonly onAnswered: (answered: PassedAnswer) => void;
}

/** A vendor may think for minutes about a batch of pages; an upload of half a gigabyte takes as long. */
const SILENCE_MS = 600_000;

/** More than a surface's connectMs (2 s): no other is asked instead. */
const CONNECT_MS = 10_000;

/**
 * A connection is kept for the next request so long and no longer: servers close idle ones after five seconds or later, and
 * a request that meets the closing is lost, for it cannot be sent again. As many as wait idle are kept, and no more are
 * made than there are requests, which the node bounds.
 */
const KEPT = { keepAlive: true, timeout: 4000, maxFreeSockets: 64 };

/** Between two neighbours only (RFC 9110, 7.6.1); the body's framing is kept by the proxy. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
];

/** What a client sends for this gateway only. `expect` has been answered here. */
const NOT_FORWARDED = [
  ...HOP_BY_HOP,
  'proxy-connection',
  'expect',
  'authorization',
  'x-api-key',
  'cookie',
  'x-request-id',
  'traceparent',
  'tracestate',
  'forwarded',
];

const NOT_RETURNED = [
  ...HOP_BY_HOP,
  'set-cookie',
  'x-request-id',
  'alt-svc',
  'strict-transport-security',
  'server',
  'via',
];

export type Passthrough = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Rejects with GW_UNKNOWN_PATH for what is not the vendor's, with GW_UPSTREAM_FAILED when the vendor does not answer. */
export function passthrough(deps: PassthroughDeps): Passthrough {
  const chosen = new WeakMap<IncomingMessage, { provider: Provider; key: Key }>();
  const failures = new WeakMap<IncomingMessage, (cause: unknown) => void>();
  const proxyWith = (agent: HttpAgent) =>
    createProxyMiddleware({
      changeOrigin: true,
      xfwd: false,
      agent,
      // Without the default plugins that answer errors in plain text and write to a console.
      ejectPlugins: true,
      plugins: [debugProxyErrorsPlugin, proxyEventsPlugin],
      // Silence of the upstream's socket is silence both ways: an upload that stalls is seen there as well.
      proxyTimeout: SILENCE_MS,
      router: (request) => choose(request).provider.options.baseUrl,
      pathRewrite: (_path, request) => vendorPath(request),
      on: {
        proxyReq: (outgoing, request) => {
          if (!outgoing.reusedSocket) giveUpLate(outgoing);
          // An upgrade that nobody asked for ends the call without a word to the proxy.
          outgoing.once('upgrade', (_incoming, socket) => {
            socket.destroy();
            fail(request);
          });
        },
        proxyRes: (incoming, request, response) => {
          const { provider, key } = choose(request);
          makeSayable(incoming);
          for (const name of NOT_RETURNED) delete incoming.headers[name];
          // The proxy would otherwise say keep-alive, also to a client that will close and on a node that drains.
          const closes = response.getHeader('connection') === 'close' || !response.shouldKeepAlive;
          incoming.headers.connection = closes ? 'close' : 'keep-alive';
          incoming.headers['x-leeward-provider'] = provider.name;
          incoming.headers['x-leeward-key'] = key.name;
          incoming.headers['x-leeward-attempts'] = '1';
          incoming.headers['x-leeward-fallback'] = '0';
          deps.onAnswered({
            requestId: String(response.getHeader('x-request-id')),
            method: request.method ?? '',
            provider: provider.name,
            keyName: key.name,
            status: incoming.statusCode ?? 0,
          });
        },
        error: (cause, request) => fail(request, cause),
      },
    });
  const proxies = { http: proxyWith(new HttpAgent(KEPT)), https: proxyWith(new HttpsAgent(KEPT)) };

  function giveUpLate(outgoing: ClientRequest): void {
    const late = deps.clock.after(CONNECT_MS, () => outgoing.destroy(new Error(`no connection in ${CONNECT_MS} ms`)));
    outgoing.socket?.once(outgoing.protocol === 'https:' ? 'secureConnect' : 'connect', () => late.cancel());
    outgoing.once('close', () => late.cancel());
  }

  function fail(request: IncomingMessage, cause?: unknown): void {
    failures.get(request)?.(
      new GatewayError('GW_UPSTREAM_FAILED', 'The upstream did not answer this request.', { cause }),
    );
  }

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
    if (request.method === 'TRACE') {
      throw new GatewayError(
        'GW_METHOD_NOT_ALLOWED',
        'TRACE is not passed on: its answer is the request, key included.',
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    failures.set(request, reject);
    const { key, provider } = choose(request);
    vendorPath(request);
    continueIfAsked(request, response);
    addressTo(key, request);
    const proxy = provider.options.baseUrl.startsWith('https:') ? proxies.https : proxies.http;
    proxy(request, response).then(resolve, reject);
    await promise;
  };
}

/**
 * Exchanges the client's headers for the vendor's before the proxy sees the request: its own hook for that is not
 * called for every request (not for one that sends `expect`), and then the client's key would go out.
 */
function addressTo(key: Key, request: IncomingMessage): void {
  const { headers } = request;
  for (const name of Object.keys(headers)) {
    if (NOT_FORWARDED.includes(name) || name.startsWith('x-leeward-')) delete headers[name];
  }
  headers.authorization = `Bearer ${key.secret.reveal()}`;
}

/**
 * Node reads status lines that it throws at when it is to write them, and what is thrown in the proxy ends the process.
 * The reason says nothing that the status does not; a status that is none counts as a server's error (RFC 9110, 15).
 */
function makeSayable(incoming: IncomingMessage): void {
  const { statusCode = 0, headers } = incoming;
  incoming.statusMessage = '';
  if (statusCode < 200 || statusCode > 599) incoming.statusCode = 502;
  // Node takes any coding for a framing, and only this one is: the client would not see where the answer ends.
  if (!/\bchunked$/i.test(headers['transfer-encoding'] ?? '')) delete headers['transfer-encoding'];
}

function vendorPath(request: IncomingMessage): string {
  const path = vendorPathOf(request.url ?? '');
  if (path === undefined) {
    throw new GatewayError('GW_UNKNOWN_PATH', UNKNOWN_PATH);
  }
  return path;
}
