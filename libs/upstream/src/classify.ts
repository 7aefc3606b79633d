/**
 * What an upstream's refusal means. The rules follow the vendors' bodies as observed, because the status alone
 * misleads: Mistral says 429 both for an empty quota (1300) and for a full data centre (3505, 3810), 400 for a model
 * that is gone (1500), and 401 also for a valid key whose quota is spent.
 */
import type { UpstreamError } from '@leeward/wire';
import { fault, type Outcome } from './outcome.ts';
import type { UpstreamHeaders } from './transport.ts';

const CAPACITY_CODES = new Set(['3505', '3810', '3800']);
const CAPACITY_TYPES = new Set(['service_tier_capacity_exceeded', 'engine_max_pending_tokens', 'overloaded_error']);
const MODEL_GONE_CODES = new Set(['1500', '3003', 'model_not_found']);
/** "… is a Labs model": the plan does not include it, whichever key of the workspace asks. */
const PLAN_CODES = new Set(['1913']);
/** OpenAI's word for an account without credit: only its owner can mend that, as with a revoked key. */
const CREDIT_CODES = new Set(['insufficient_quota', 'billing_hard_limit_reached']);

/** Asked again only after the longest cooldown there is (cooldown.ts): plans do change. */
const NOT_IN_THE_PLAN: Outcome = { kind: 'quota', never: true, retryAfterMs: Number.POSITIVE_INFINITY };

/**
 * @param error the parsed body, undefined when it is none of the known shapes (a proxy's HTML page, say)
 * @param wallMs milliseconds since the epoch: Mistral's request window ends with the calendar minute
 */
export function classifyRefusal(
  status: number,
  headers: UpstreamHeaders,
  error: UpstreamError | undefined,
  wallMs: number,
): Outcome {
  const retryAfterMs = readRetryAfterMs(headers, wallMs);
  const code = error?.code ?? '';
  const type = error?.type ?? '';
  if (CAPACITY_CODES.has(code) || CAPACITY_TYPES.has(type)) return { kind: 'capacity', retryAfterMs };
  if (status === 429) return classify429(code, headers, error, retryAfterMs, wallMs);
  // 402 is OpenRouter's account without credit: as with a revoked key, another may have some.
  if (status === 401 || status === 402) return { kind: 'credentials' };
  if (status === 403) return classify403(code, error);
  if (status === 404 || MODEL_GONE_CODES.has(code) || type === 'invalid_model') return { kind: 'model-gone' };
  if (status >= 500 || status === 408 || status === 425) {
    return /capacity exceeded/i.test(error?.message ?? '')
      ? { kind: 'capacity', retryAfterMs }
      : fault('status-5xx', retryAfterMs);
  }
  // An API neither redirects nor informs; whoever answers so is not the vendor.
  if (status < 400) return fault('not-json', retryAfterMs);
  return { kind: 'caller-fault' };
}

function classify429(
  code: string,
  headers: UpstreamHeaders,
  error: UpstreamError | undefined,
  retryAfterMs: number | undefined,
  wallMs: number,
): Outcome {
  if (/capacity exceeded/i.test(error?.message ?? '')) return { kind: 'capacity', retryAfterMs };
  if (CREDIT_CODES.has(code)) return { kind: 'credentials' };
  if (hasZeroLimit(headers)) return NOT_IN_THE_PLAN;
  return { kind: 'quota', never: false, retryAfterMs: retryAfterMs ?? msToNextMinute(wallMs) };
}

function classify403(code: string, error: UpstreamError | undefined): Outcome {
  if (PLAN_CODES.has(code)) return NOT_IN_THE_PLAN;
  // A guardrail's or a moderation's refusal judges the prompt; every key would say the same.
  if (code === '3201' || /guardrail|moderation/i.test(error?.message ?? '')) return { kind: 'caller-fault' };
  // A page in front of the vendor (a firewall, a challenge) refused us; the key was never looked at.
  return error === undefined ? fault('not-json') : { kind: 'credentials' };
}

/** A limit of 0 is the plan's way to say never; the code is the same 1300. */
function hasZeroLimit(headers: UpstreamHeaders): boolean {
  for (const name in headers) {
    if (name.startsWith('x-ratelimit-limit-') && headers[name] === '0') return true;
  }
  return false;
}

/** One second at the least: the vendor's clock and ours are not the same. */
const MIN_WAIT_MS = 1000;
const MINUTE_MS = 60_000;

/** Mistral sends no retry-after; its request window ends with the wall clock's minute. */
export function msToNextMinute(wallMs: number): number {
  return Math.min(MINUTE_MS, Math.max(MIN_WAIT_MS, MINUTE_MS - (wallMs % MINUTE_MS)));
}

/** retry-after-ms, else retry-after as seconds or as an HTTP date; undefined when absent, unreadable or not ahead. */
export function readRetryAfterMs(headers: UpstreamHeaders, wallMs: number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (ms > 0) return ms;
  const text = headers['retry-after'];
  if (typeof text !== 'string' || text === '') return undefined;
  const seconds = Number(text);
  const waitMs = Number.isNaN(seconds) ? Date.parse(text) - wallMs : seconds * 1000;
  return waitMs > 0 ? waitMs : undefined;
}
