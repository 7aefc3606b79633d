/** Response headers of a served request: who served it, and what of the upstream's own headers is the client's. */
import type { Served } from '@leeward/failover';
import type { UpstreamHeaders } from '@leeward/upstream';
import type { ResponseHeaders } from './error-response.ts';

/** Cookies, hop-by-hop headers and a vendor's internals stay behind: what passes is listed. */
const PASSED = new Set([
  'mistral-correlation-id',
  'x-model-deprecation-timestamp',
  'x-max-retry-attempts-reached',
  'openai-processing-ms',
  'openai-model',
]);
const PASSED_PREFIXES = ['x-ratelimit', 'ratelimitbysize'];

export function servedHeaders(requestId: string, served: Served): ResponseHeaders {
  const { target } = served.member;
  const headers: ResponseHeaders = {
    'x-request-id': requestId,
    'x-leeward-provider': target.provider.name,
    'x-leeward-key': target.key.name,
    'x-leeward-model': headerText(target.model),
    'x-leeward-attempts': String(served.attempts),
    'x-leeward-fallback': String(served.poolIndex),
  };
  passOn(served.headers, headers);
  return headers;
}

/** A configured model may have any name; a header value may not. Names as vendors give them stay as they are. */
function headerText(name: string): string {
  return /^[\x21-\x7e]*$/.test(name) ? name : encodeURIComponent(name.toWellFormed());
}

function passOn(from: UpstreamHeaders, to: ResponseHeaders): void {
  for (const name in from) {
    const value = from[name];
    if (value !== undefined && passes(name)) to[name] = typeof value === 'string' ? value : [...value];
  }
}

function passes(name: string): boolean {
  return PASSED.has(name) || PASSED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
