/**
 * Every error that Mistral was seen to send, with its status, the headers that matter, what it is to be taken as, and
 * what may be asked next. Bodies are as observed, generations side by side, because all of them are still met: behind
 * proxies, in regions, in old deployments.
 */
import type { UpstreamHeaders } from '@leeward/upstream';

export interface ErrorBody {
  readonly name: string;
  readonly status: number;
  readonly headers: UpstreamHeaders;
  /** Text stands for itself; anything else is JSON. */
  readonly body: unknown;
  /** Kind of the outcome, and its reason where it has one. */
  readonly outcome: string;
  readonly next: NextAsked;
}

/** Who is asked after it, when there are other keys, other quota groups and other models. */
type NextAsked =
  /** Another key, of the same quota group or not. */
  | 'sibling'
  /** A key of another quota group: this one's siblings share its fate. */
  | 'other-group'
  | 'other-model'
  /** Nobody: the answer is the caller's to see. */
  | 'nobody';

const JSON_TYPE = { 'content-type': 'application/json' };
const JSON_UTF8 = { 'content-type': 'application/json; charset=utf-8' };
const HTML_TYPE = { 'content-type': 'text/html; charset=UTF-8' };

const EXTRA_FORBIDDEN = {
  type: 'extra_forbidden',
  loc: ['body', 'max_completion_tokens'],
  msg: 'Extra inputs are not permitted',
  input: 32_000,
};

const CLOUDFLARE_PAGE =
  '<!DOCTYPE html><html lang="en-US"><head><title>api.mistral.ai | 520: Web server is returning an unknown error</title></head></html>';

interface Fields {
  readonly message: unknown;
  readonly type: string;
  readonly code: string | null;
}

/** The form of most bodies; `raw_status_code` is there from 2026-03 on. */
function mistral({ message, type, code }: Fields, rawStatus?: number): Record<string, unknown> {
  const body = { object: 'error', message, type, param: null, code };
  return rawStatus === undefined ? body : { ...body, raw_status_code: rawStatus };
}

const RATE_LIMITED = { message: 'Rate limit exceeded', type: 'rate_limited', code: '1300' };
const NO_SERVICE = { message: 'Service unavailable.', type: 'internal_server_error' };

const credentials: readonly ErrorBody[] = [
  {
    name: 'Kong’s 401',
    body: { message: 'Unauthorized', request_id: '933f233947ff6d346065bb297e4a4d56' },
  },
  { name: 'the application’s 401, which is also said of a spent quota', body: { detail: 'Unauthorized' } },
  { name: 'today’s 401', body: { detail: 'Invalid API Key' } },
].map(({ name, body }) => ({
  name,
  status: 401,
  headers: JSON_UTF8,
  body,
  outcome: 'credentials',
  next: 'sibling',
}));

const models: readonly ErrorBody[] = [
  {
    name: 'a Labs model outside of the plan',
    status: 403,
    headers: JSON_TYPE,
    body: mistral({
      message: 'labs-x is a Labs model. To use Labs models, enable them.',
      type: 'invalid_request_error',
      code: '1913',
    }),
    outcome: 'quota never',
    next: 'other-group',
  },
  {
    name: 'an invalid model',
    status: 400,
    headers: JSON_TYPE,
    body: mistral({ message: 'Invalid model: x', type: 'invalid_model', code: '1500' }, 400),
    outcome: 'model-gone',
    next: 'other-model',
  },
  {
    name: 'a model out of use',
    status: 400,
    headers: JSON_TYPE,
    body: mistral({ message: 'Model foo is currently not in use.', type: 'invalid_request_error', code: '3003' }, 400),
    outcome: 'model-gone',
    next: 'other-model',
  },
  {
    name: 'Kong’s unknown path',
    status: 404,
    headers: JSON_UTF8,
    body: { message: 'no Route matched with those values', request_id: '933f233947ff6d346065bb297e4a4d56' },
    outcome: 'model-gone',
    next: 'other-model',
  },
];

/** Arguments, the order of messages, tool calls, the schema in four shapes, guardrails: the same for every key. */
const callerFaults: readonly ErrorBody[] = [
  {
    name: 'a prompt too large for the model',
    status: 400,
    body: mistral(
      {
        message:
          'Prompt contains 159202 tokens and 0 draft tokens, too large for model with 131072 maximum context length',
        type: 'invalid_request_invalid_args',
        code: '3051',
      },
      400,
    ),
  },
  {
    name: 'an unsupported reasoning effort',
    status: 400,
    body: mistral({
      message: "reasoning_effort='medium' is not supported for this model. Must be one of (none, high)",
      type: 'invalid_request_invalid_args',
      code: '3051',
    }),
  },
  {
    name: 'roles out of order',
    status: 400,
    body: mistral(
      {
        message: "Unexpected role 'tool' after role 'system'",
        type: 'invalid_request_message_order',
        code: '3230',
      },
      400,
    ),
  },
  {
    name: 'a wrong last role',
    status: 400,
    body: mistral({
      message: 'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
      type: 'invalid_request_message_order',
      code: '3230',
    }),
  },
  {
    name: 'a tool call’s id of the wrong form',
    status: 400,
    body: mistral(
      {
        message: 'Tool call id was call_0fypS1hVX but must be a-z, A-Z, 0-9, with a length of 9.',
        type: 'invalid_function_call',
        code: '3280',
      },
      400,
    ),
  },
  {
    name: 'an assistant’s message without anything',
    status: 400,
    body: mistral({
      message: 'Assistant message must have either content or tool_calls, but not none.',
      type: 'invalid_request_error',
      code: null,
    }),
  },
  {
    name: 'today’s 422, with the details inside the message',
    status: 422,
    body: mistral({ message: { detail: [EXTRA_FORBIDDEN] }, type: 'invalid_request_error', code: null }, 422),
  },
  { name: 'a 422 of details alone', status: 422, body: { detail: [EXTRA_FORBIDDEN] } },
  {
    name: 'the conversations’ 422, with a number for a code',
    status: 422,
    body: {
      object: 'Error',
      detail: [EXTRA_FORBIDDEN],
      message: [EXTRA_FORBIDDEN],
      type: 'invalid_request_error',
      code: 3001,
    },
  },
  {
    name: 'the 422 of 2024, with JSON inside the message',
    status: 422,
    body: mistral({
      message: JSON.stringify({ detail: [EXTRA_FORBIDDEN] }),
      type: 'internal_error_proxy',
      code: '1000',
    }),
  },
  {
    name: 'a guardrail’s block',
    status: 403,
    body: {
      error: { message: 'Content blocked by guardrail', status: 403 },
      guardrails: {
        results: {
          moderation_llm_v2: {
            model_name: 'mistral-moderation-2603',
            decisions: { sexual: { threshold: 0.1, score: 0.3, violated: true } },
            violated: true,
            action: 'block',
          },
        },
      },
    },
  },
  {
    name: 'a guardrail that could not judge',
    status: 403,
    body: {
      object: 'Error',
      message: 'Request blocked due to error in guardrail evaluation and block_on_error is set to True.',
      type: 'invalid_request_error',
      code: 3201,
      guardrails: [],
    },
  },
].map((refusal) => ({ ...refusal, headers: JSON_TYPE, outcome: 'caller-fault', next: 'nobody' }));

const quotas: readonly ErrorBody[] = [
  {
    name: 'a spent request rung, without the other pair and without retry-after',
    headers: { 'x-ratelimit-limit-req-minute': '23', 'x-ratelimit-remaining-req-minute': '0' },
    body: mistral(RATE_LIMITED, 429),
  },
  {
    name: 'a spent token rung',
    headers: { 'x-ratelimit-limit-tokens-minute': '50000', 'x-ratelimit-remaining-tokens-minute': '0' },
    body: mistral(RATE_LIMITED, 429),
  },
  { name: 'a rate limit without a word on it', headers: {}, body: mistral(RATE_LIMITED, 429) },
  { name: 'the Kong plugin’s 429', headers: {}, body: { message: 'Requests rate limit exceeded' } },
  { name: 'a 429 as a page', headers: HTML_TYPE, body: CLOUDFLARE_PAGE },
].map(({ name, headers, body }) => ({
  name,
  status: 429,
  headers: { ...JSON_TYPE, ...headers },
  body,
  outcome: 'quota limited',
  next: 'other-group',
}));

const neverAllowed: readonly ErrorBody[] = [
  { name: 'a limit of no tokens', headers: { 'x-ratelimit-limit-tokens-minute': '0' } },
  { name: 'a limit of no requests', headers: { 'x-ratelimit-limit-req-minute': '0' } },
].map(({ name, headers }) => ({
  name,
  status: 429,
  headers: { ...JSON_TYPE, ...headers },
  body: mistral(RATE_LIMITED, 429),
  outcome: 'quota never',
  next: 'other-group',
}));

const TIER_FULL = 'Service tier capacity exceeded for this model.';

const capacities: readonly ErrorBody[] = [
  {
    name: 'a full service tier',
    status: 429,
    body: mistral({ message: TIER_FULL, type: 'service_tier_capacity_exceeded', code: '3505' }),
  },
  {
    name: 'the full service tier of 2025, without a code',
    status: 429,
    body: mistral({ message: TIER_FULL, type: 'invalid_request_error', code: null }),
  },
  {
    name: 'a full service tier under 503',
    status: 503,
    body: mistral({ ...NO_SERVICE, message: TIER_FULL, code: null }),
  },
  {
    name: 'a full engine',
    status: 429,
    body: mistral(
      { message: 'Capacity exceeded for this model.', type: 'engine_max_pending_tokens', code: '3810' },
      429,
    ),
  },
  { name: 'a 503 as they come in bursts', status: 503, body: mistral({ ...NO_SERVICE, code: '3800' }, 503) },
].map((refusal) => ({ ...refusal, headers: JSON_TYPE, outcome: 'capacity', next: 'other-model' }));

const faults: readonly ErrorBody[] = [
  { name: 'the 500 of 2025', status: 500, headers: JSON_TYPE, body: mistral({ ...NO_SERVICE, code: '1000' }) },
  { name: 'the 500 of 2024', status: 500, headers: JSON_TYPE, body: { detail: 'Internal Server Error' } },
  { name: 'Cloudflare’s 520', status: 520, headers: HTML_TYPE, body: CLOUDFLARE_PAGE },
  { name: 'Cloudflare’s 502', status: 502, headers: HTML_TYPE, body: CLOUDFLARE_PAGE },
  {
    name: 'Envoy’s plain text',
    status: 503,
    headers: { 'content-type': 'text/plain' },
    body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  },
  { name: 'a 504 without a body', status: 504, headers: {}, body: '' },
  { name: 'a 408 without a body', status: 408, headers: {}, body: '' },
].map((refusal) => ({ ...refusal, outcome: 'fault status-5xx', next: 'sibling' }));

export const ERROR_BODIES: readonly ErrorBody[] = [
  ...credentials,
  ...models,
  ...callerFaults,
  ...quotas,
  ...neverAllowed,
  ...capacities,
  ...faults,
];
