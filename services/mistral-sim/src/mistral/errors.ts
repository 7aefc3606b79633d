/** Mistral's error bodies, byte for byte as observed: each generation and layer has its own shape, so there is no common one. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Rng } from '@leeward/kernel';
import type { ErrorKind } from '../faults/rule.ts';
import { jsonReply, Refusal, type WholeReply } from '../http/reply.ts';
import { drawHex } from '../seeded-rng.ts';

const CHARSET = { 'content-type': 'application/json; charset=utf-8' };

/** The flat body of the application: keys in this order. */
export function apiError(
  status: number,
  error: { message: string | object; type: string; code: string | null },
  headers: OutgoingHttpHeaders = {},
): WholeReply {
  const { message, type, code } = error;
  return jsonReply(status, { object: 'error', message, type, param: null, code, raw_status_code: status }, headers);
}

export function refuse(status: number, error: { message: string; type: string; code: string | null }): Refusal {
  return new Refusal(apiError(status, error));
}

export function unknownModel(model: string): Refusal {
  return refuse(400, { message: `Invalid model: ${model}`, type: 'invalid_model', code: '1500' });
}

export function badArguments(message: string): Refusal {
  return refuse(400, { message, type: 'invalid_request_invalid_args', code: '3051' });
}

export function badOrder(message: string): Refusal {
  return refuse(400, { message, type: 'invalid_request_message_order', code: '3230' });
}

export function badFunctionCall(message: string): Refusal {
  return refuse(400, { message, type: 'invalid_function_call', code: '3280' });
}

/** One entry of pydantic's list. */
export interface Detail {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input?: unknown;
  readonly ctx?: object;
}

/** 422 in its current shape: the list is inside `message`. */
export function unprocessable(detail: readonly Detail[]): Refusal {
  return new Refusal(apiError(422, { message: { detail }, type: 'invalid_request_error', code: null }));
}

/** The conversations surface answers the same fault in another shape, with a number for a code. */
export function unprocessableConversation(detail: readonly Detail[]): Refusal {
  const body = { object: 'Error', detail, message: detail, type: 'invalid_request_error', code: 3001 };
  return new Refusal(jsonReply(422, body));
}

export function notFound(what: string): Refusal {
  return new Refusal(jsonReply(404, { detail: `${what} not found.` }));
}

export function unauthorized(form: 'kong' | 'app' | 'current', rng: Rng): WholeReply {
  switch (form) {
    case 'kong':
      return jsonReply(401, { message: 'Unauthorized', request_id: drawHex(rng, 32) }, CHARSET);
    case 'app':
      return jsonReply(401, { detail: 'Unauthorized' }, CHARSET);
    case 'current':
      return jsonReply(401, { detail: 'Invalid API Key' }, CHARSET);
  }
}

export function unknownPath(rng: Rng): WholeReply {
  const body = { message: 'no Route matched with those values', request_id: drawHex(rng, 32) };
  return jsonReply(404, body, CHARSET);
}

export function rateLimited(headers: OutgoingHttpHeaders): WholeReply {
  return apiError(429, { message: 'Rate limit exceeded', type: 'rate_limited', code: '1300' }, headers);
}

export function labsOnly(model: string): WholeReply {
  return apiError(403, {
    message: `${model} is a Labs model. To use Labs models, an admin must enable them for your organization.`,
    type: 'invalid_request_error',
    code: '1913',
  });
}

/** A page in front of the API: no JSON at all. */
function htmlError(status: 502 | 520): WholeReply {
  const title = status === 520 ? 'Web server is returning an unknown error' : 'Bad gateway';
  return {
    kind: 'whole',
    status,
    headers: { 'content-type': 'text/html; charset=UTF-8' },
    body: `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>api.mistral.ai | ${status}: ${title}</title></head>\n<body><h1>${title} <span>Error code ${status}</span></h1><p>cloudflare</p></body>\n</html>\n`,
    tokens: 0,
  };
}

export interface ScriptedError {
  readonly rng: Rng;
  readonly model: string;
  /** The headers of a 429 whose request rung is empty. */
  readonly limitHeaders: OutgoingHttpHeaders;
}

export function scriptedError(kind: ErrorKind, context: ScriptedError): WholeReply {
  switch (kind) {
    case '400/1500':
      return unknownModel(context.model).reply;
    case '401/kong':
      return unauthorized('kong', context.rng);
    case '401/app':
      return unauthorized('app', context.rng);
    case '401/current':
      return unauthorized('current', context.rng);
    case '403/1913':
      return labsOnly(context.model);
    case '403/guardrail':
      return guardrailBlocked();
    case '429/1300':
      return rateLimited(context.limitHeaders);
    case '429/3505':
      return apiError(429, {
        message: 'Service tier capacity exceeded for this model.',
        type: 'service_tier_capacity_exceeded',
        code: '3505',
      });
    case '429/3810':
      return apiError(429, {
        message: 'Capacity exceeded for this model.',
        type: 'engine_max_pending_tokens',
        code: '3810',
      });
    case '500/1000':
      return apiError(500, { message: 'Service unavailable.', type: 'internal_server_error', code: '1000' });
    case '502/html':
      return htmlError(502);
    case '503/3800':
      return apiError(503, { message: 'Service unavailable.', type: 'internal_server_error', code: '3800' });
    case '520/html':
      return htmlError(520);
  }
}

function guardrailBlocked(): WholeReply {
  return jsonReply(403, {
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
  });
}
