/** OpenAI's error bodies: always one `error` object, whatever happened. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { ErrorKind } from '../faults/rule.ts';
import { jsonReply, Refusal, type WholeReply } from '../http/reply.ts';

export interface OpenaiError {
  readonly message: string;
  readonly type: string;
  readonly param?: string | null;
  readonly code?: string | null;
}

export function errorReply(status: number, error: OpenaiError, headers: OutgoingHttpHeaders = {}): WholeReply {
  const { message, type, param = null, code = null } = error;
  return jsonReply(status, { error: { message, type, param, code } }, headers);
}

export function badRequest(message: string, param: string | null = null, code: string | null = null): Refusal {
  return new Refusal(errorReply(400, { message, type: 'invalid_request_error', param, code }));
}

export function unknownModel(model: string): Refusal {
  return new Refusal(
    errorReply(404, {
      message: `The model \`${model}\` does not exist or you do not have access to it.`,
      type: 'invalid_request_error',
      code: 'model_not_found',
    }),
  );
}

export function unauthorized(authorization: string): WholeReply {
  const key = authorization.replace(/^Bearer\s+/i, '');
  const message =
    key === ''
      ? "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
      : `Incorrect API key provided: ${masked(key)}. You can find your API key at https://platform.openai.com/account/api-keys.`;
  return errorReply(401, {
    message,
    type: 'invalid_request_error',
    code: key === '' ? null : 'invalid_api_key',
  });
}

export function unknownPath(method: string, path: string): WholeReply {
  return errorReply(404, { message: `Invalid URL (${method} ${path})`, type: 'invalid_request_error' });
}

export function rateLimited(headers: OutgoingHttpHeaders, rung: 'requests' | 'tokens'): WholeReply {
  const message = `Rate limit reached for ${rung} per min. Please try again later.`;
  return errorReply(429, { message, type: rung, code: 'rate_limit_exceeded' }, headers);
}

/** OpenAI's nearest to each of Mistral's errors: the same status, in its own words. */
export function scriptedError(kind: ErrorKind, model: string, limitHeaders: OutgoingHttpHeaders): WholeReply {
  switch (kind) {
    case '400/1500':
      return unknownModel(model).reply;
    case '401/kong':
    case '401/app':
    case '401/current':
      return unauthorized('Bearer sim-revoked-key');
    case '403/1913':
    case '403/guardrail':
      return errorReply(403, {
        message: 'Project does not have access to this model.',
        type: 'invalid_request_error',
        code: 'model_not_found',
      });
    case '429/1300':
      return rateLimited(limitHeaders, 'requests');
    case '429/3505':
    case '429/3810':
      return errorReply(429, {
        message: 'The engine is currently overloaded, please try again later',
        type: 'server_error',
        code: 'engine_overloaded',
      });
    case '500/1000':
      return errorReply(500, {
        message: 'The server had an error while processing your request. Sorry about that!',
        type: 'server_error',
      });
    case '502/html':
      return htmlPage(502);
    case '503/3800':
      return errorReply(503, {
        message: 'The server is currently overloaded with other requests. Please try again.',
        type: 'server_error',
      });
    case '520/html':
      return htmlPage(520);
  }
}

function htmlPage(status: 502 | 520): WholeReply {
  return {
    kind: 'whole',
    status,
    headers: { 'content-type': 'text/html' },
    body: `<html>\r\n<head><title>${status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>${status} Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n`,
    tokens: 0,
  };
}

function masked(key: string): string {
  return key.length < 8 ? '*'.repeat(key.length) : `${key.slice(0, 4)}${'*'.repeat(key.length - 8)}${key.slice(-4)}`;
}
