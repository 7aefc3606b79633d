/** OpenAI's response headers: both rungs on every answer, streamed ones too, with the time until each is full again. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Clock, Rng } from '@leeward/kernel';
import type { Standing } from '../quota/limiter.ts';
import { drawHex } from '../seeded-rng.ts';

export function commonHeaders(rng: Rng): OutgoingHttpHeaders {
  return {
    'x-request-id': `req_${drawHex(rng, 32)}`,
    'openai-version': '2020-10-01',
    'openai-organization': 'org-simulated',
    'openai-processing-ms': '11',
    'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
    'x-content-type-options': 'nosniff',
    server: 'cloudflare',
    'cf-ray': `${drawHex(rng, 16)}-CDG`,
    'cf-cache-status': 'DYNAMIC',
  };
}

export function limitHeaders(standing: Standing, clock: Clock): OutgoingHttpHeaders {
  const reset = `${secondsToMinute(clock)}s`;
  const { requests, tokens } = standing;
  return {
    ...(requests === undefined
      ? {}
      : {
          'x-ratelimit-limit-requests': String(requests.limit),
          'x-ratelimit-remaining-requests': String(requests.remaining),
          'x-ratelimit-reset-requests': reset,
        }),
    ...(tokens === undefined
      ? {}
      : {
          'x-ratelimit-limit-tokens': String(tokens.limit),
          'x-ratelimit-remaining-tokens': String(tokens.remaining),
          'x-ratelimit-reset-tokens': reset,
        }),
  };
}

/** Unlike Mistral, OpenAI says when to come back. */
export function retryHeaders(clock: Clock): OutgoingHttpHeaders {
  const seconds = secondsToMinute(clock);
  return { 'retry-after': String(seconds), 'retry-after-ms': String(seconds * 1000) };
}

function secondsToMinute(clock: Clock): number {
  return 60 - (Math.floor(clock.wallMs() / 1000) % 60);
}
