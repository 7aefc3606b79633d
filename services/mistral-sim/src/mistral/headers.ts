/** The response headers of Mistral's front: those on every answer, and those that tell of rate limits where they do. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Clock, Rng } from '@leeward/kernel';
import type { Standing } from '../quota/limiter.ts';
import { drawAlphanumeric, drawHex, drawUuidV7 } from '../seeded-rng.ts';

export function commonHeaders(clock: Clock, rng: Rng): OutgoingHttpHeaders {
  const id = drawUuidV7(rng, clock.wallMs());
  return {
    'mistral-correlation-id': id,
    'x-kong-request-id': id,
    'x-kong-upstream-latency': '12',
    'x-kong-proxy-latency': '3',
    'x-envoy-upstream-service-time': '11',
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'strict-transport-security': 'max-age=15552000; includeSubDomains; preload',
    'alt-svc': 'h3=":443"; ma=86400',
    server: 'cloudflare',
    'cf-ray': `${drawHex(rng, 16)}-CDG`,
    'cf-cache-status': 'DYNAMIC',
    'set-cookie': [
      `__cf_bm=${drawAlphanumeric(rng, 43)}; path=/; domain=.mistral.ai; HttpOnly; Secure; SameSite=None`,
      `_cfuvid=${drawAlphanumeric(rng, 43)}; path=/; domain=.mistral.ai; HttpOnly; Secure; SameSite=None`,
    ],
  };
}

/** On every answer of an inference surface, streamed ones included. */
export const RETRY_HEADER = { 'x-max-retry-attempts-reached': 'false' } as const;

/** Of a whole chat or FIM answer: both rungs, after this request's cost. */
export function chatLimitHeaders(standing: Standing, costTokens: number): OutgoingHttpHeaders {
  return {
    ...requestRung(standing),
    ...tokenRung(standing, costTokens),
    'x-ratelimit-tokens-query-cost': String(costTokens),
    ...RETRY_HEADER,
  };
}

/** Of an embeddings answer: the request rung alone. */
export function embeddingsLimitHeaders(standing: Standing): OutgoingHttpHeaders {
  return { ...requestRung(standing), ...RETRY_HEADER };
}

/** Of a 429: the pair of the rung that did not trip is missing, and so is retry-after. */
export function trippedLimitHeaders(standing: Standing): OutgoingHttpHeaders {
  const pair = standing.tripped === 'tokens' ? tokenRung(standing, 0) : requestRung(standing);
  return { ...pair, ...RETRY_HEADER };
}

/** Of a 429 that a script ordered: the request rung as if it were empty. */
export function emptiedLimitHeaders(standing: Standing): OutgoingHttpHeaders {
  const limit = standing.requests?.limit ?? 720;
  return {
    'x-ratelimit-limit-req-minute': String(limit),
    'x-ratelimit-remaining-req-minute': '0',
    ...RETRY_HEADER,
  };
}

function requestRung({ requests }: Standing): OutgoingHttpHeaders {
  if (requests === undefined) return {};
  return {
    'x-ratelimit-limit-req-minute': String(requests.limit),
    'x-ratelimit-remaining-req-minute': String(requests.remaining),
  };
}

function tokenRung({ tokens }: Standing, costTokens: number): OutgoingHttpHeaders {
  if (tokens === undefined) return {};
  return {
    'x-ratelimit-limit-tokens-minute': String(tokens.limit),
    'x-ratelimit-remaining-tokens-minute': String(Math.max(0, tokens.remaining - costTokens)),
  };
}
