/**
 * What an upstream's refusal means. The rules follow the vendors' bodies as observed, because the status alone
 * misleads: Mistral says 429 both for an empty quota (1300) and for a full data centre (3505, 3810), 400 for a model
 * that is gone (1500), and 401 also for a valid key whose quota is spent.
 */
import type { UpstreamError } from '@leeward/wire';
import { fault, type Outcome, type QuotaRung } from './outcome.ts';
import type { UpstreamHeaders } from './transport.ts';

const CAPACITY_CODES = new Set(['3505', '3810', '3800']);
const CAPACITY_TYPES = new Set(['service_tier_capacity_exceeded', 'engine_max_pending_tokens', 'overloaded_error']);
const MODEL_GONE_CODES = new Set(['1500', '3003', 'model_not_found']);
/**
 * "… is a Labs model", and OpenAI's "project … does not have access to model …": the plan does not include it,
 * whichever key of the workspace asks; the same key is good for other models.
 */
const PLAN_CODES = new Set(['1913', 'model_not_found']);
/** OpenAI's word for an account without credit: only its owner can mend that, as with a revoked key. */
const CREDIT_CODES = new Set(['insufficient_quota', 'billing_hard_limit_reached']);

/** Asked again only after the longest cooldown there is (cooldown.ts): plans do change. */
const NOT_IN_THE_PLAN: Outcome = {
  kind: 'quota',
  never: true,
  rung: 'unknown',
  retryAfterMs: Number.POSITIVE_INFINITY,
};

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

/** A spent limit where no status tells it: Mistral's code, OpenRouter's status as a code, and the words of others. */
const LIMIT_WORDS = new Set(['1300', '429', 'rate_limited', 'rate_limit_exceeded', 'rate_limit_error']);

/**
 * What an error means that comes inside a stream or an answer, after a status of 200. A full vendor and a spent limit are
 * what they are under any status; anything else is a fault of whoever had said that all was well.
 */
export function classifyErrorFrame(error: UpstreamError | undefined, wallMs: number): Outcome {
  const isLimit = LIMIT_WORDS.has(error?.code ?? '') || LIMIT_WORDS.has(error?.type ?? '');
  // The headers that came with the 200 speak of the time before.
  const outcome = classifyRefusal(isLimit ? 429 : 500, {}, error, wallMs);
  return outcome.kind === 'quota' || outcome.kind === 'capacity' ? outcome : fault('error-frame');
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
  const told = readRungs(headers);
  const rung = trippedRung(told, error?.type);
  const waitMs = retryAfterMs ?? readResetMs(headers, wallMs) ?? ownWaitMs(told, rung, wallMs);
  return { kind: 'quota', never: false, rung, retryAfterMs: waitMs };
}

function classify403(code: string, error: UpstreamError | undefined): Outcome {
  if (PLAN_CODES.has(code)) return NOT_IN_THE_PLAN;
  // A guardrail's or a moderation's refusal judges the prompt; every key would say the same.
  if (code === '3201' || /guardrail|moderation/i.test(error?.message ?? '')) return { kind: 'caller-fault' };
  // A page in front of the vendor (a firewall, a challenge) refused us; the key was never looked at.
  return error === undefined ? fault('not-json') : { kind: 'credentials' };
}

/** The token window slides, so that a little of it is free again every second; two seconds free a request's worth. */
const TOKENS_WAIT_MS = 2000;

/** Long past any window but the month's: asked again after the longest cooldown there is. */
const NOT_SOON_MS = Number.POSITIVE_INFINITY;

/** How long to wait when the vendor does not say, as Mistral never does. */
function ownWaitMs(told: readonly ToldRung[], rung: QuotaRung, wallMs: number): number {
  if (told.some(({ isSpent, ofMonth }) => isSpent && ofMonth)) return NOT_SOON_MS;
  return rung === 'tokens' ? TOKENS_WAIT_MS : msToNextMinute(wallMs);
}

/** Mistral's of 2025 too, where sizes were what tokens are now. */
const LIMIT_HEADER = /^(?:x-ratelimit|(?:x-)?ratelimitbysize)-limit/;

/** A limit of 0 is the plan's way to say never; the code is the same 1300. */
function hasZeroLimit(headers: UpstreamHeaders): boolean {
  return Object.entries(headers).some(([name, value]) => value === '0' && LIMIT_HEADER.test(name));
}

/**
 * The limit that was met. OpenAI names it in the body's type. Mistral leaves out the headers of the one that was not;
 * where both are told, the one with nothing remaining is meant. A spent month is neither of the two windows.
 */
function trippedRung(told: readonly ToldRung[], type: string | undefined): QuotaRung {
  if (type === 'requests' || type === 'tokens') return type;
  const spent = told.filter(({ isSpent }) => isSpent);
  if (spent.some(({ ofMonth }) => ofMonth)) return 'unknown';
  const [rung, other] = new Set((spent.length > 0 ? spent : told).map((one) => one.rung));
  return rung === undefined || other !== undefined ? 'unknown' : rung;
}

/** What one header says of a rung. */
interface ToldRung {
  readonly rung: QuotaRung;
  readonly ofMonth: boolean;
  /** It says how much remains, and that is nothing. */
  readonly isSpent: boolean;
}

/** `limit-req-minute`, `remaining-tokens-month`; OpenAI's `limit-requests`; and by size, as in LIMIT_HEADER. */
const RUNG_HEADER = /^(?:x-ratelimit-(?:limit|remaining)-(req|tokens)|(?:x-)?ratelimitbysize-(?:limit|remaining))/;

function readRungs(headers: UpstreamHeaders): readonly ToldRung[] {
  const told: ToldRung[] = [];
  for (const [name, text] of Object.entries(headers)) {
    const match = RUNG_HEADER.exec(name);
    if (match === null || typeof text !== 'string' || text === '') continue;
    told.push({
      rung: match[1] === 'req' ? 'requests' : 'tokens',
      ofMonth: name.endsWith('-month'),
      isSpent: name.includes('-remaining') && Number(text) <= 0,
    });
  }
  return told;
}

/** A moment in milliseconds since the epoch has been past this since 2001; a smaller number is seconds, or a duration. */
const SURELY_EPOCH_MS = 1e12;

/** OpenRouter says when its window ends, in milliseconds since the epoch. */
function readResetMs(headers: UpstreamHeaders, wallMs: number): number | undefined {
  const atMs = Number(headers['x-ratelimit-reset']);
  return atMs > SURELY_EPOCH_MS && atMs > wallMs ? atMs - wallMs : undefined;
}

/** One second at the least: the vendor's clock and ours are not the same. */
const MIN_WAIT_MS = 1000;
const MINUTE_MS = 60_000;

/** The request window ends with the wall clock's minute; of a window that is not known the same is guessed. */
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
