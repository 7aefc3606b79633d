/**
 * The register of every error that Leeward itself answers: code, HTTP status, the body's `type`, what it means and
 * what the client should do. A test ties each code to its paragraph in docs/errors.md. A retired code is never reused.
 *
 * `type` uses the words that OpenAI's and Mistral's clients already know. An upstream's own error is not in here: it
 * is an Outcome, and its body passes through.
 */
interface ErrorEntry {
  readonly status: number;
  readonly type: ErrorType;
  readonly meaning: string;
  readonly action: string;
}

export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'not_found_error'
  | 'rate_limited'
  | 'server_error'
  | 'timeout_error';

const REGISTER = {
  GW_BAD_JSON: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The body is not a JSON object.',
    action: 'Send one JSON object, encoded as UTF-8.',
  },
  GW_BAD_REQUEST: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'A field or header that Leeward reads is missing or has the wrong type.',
    action: 'Mend the field that the message names.',
  },
  GW_UNTRANSLATABLE: {
    status: 400,
    type: 'invalid_request_error',
    meaning: 'The request uses something that the dialect of the route’s targets cannot say.',
    action: 'Leave out what the message names, or pin a provider that supports it.',
  },
  GW_UNAUTHORIZED: {
    status: 401,
    type: 'authentication_error',
    meaning: 'No client key was sent, or it is not one of the configured ones.',
    action: 'Send a configured client key as `authorization: Bearer` or `x-api-key`.',
  },
  GW_UNKNOWN_PATH: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No surface answers on this path, and no provider takes pass-through traffic.',
    action: 'Check the base URL; paths begin with /v1, /mistral/v1 or /openai/v1.',
  },
  GW_UNKNOWN_MODEL: {
    status: 404,
    type: 'not_found_error',
    meaning: 'No route serves this model name, or no provider of its route has such a model.',
    action: 'Use a model that GET /v1/models lists, or add a route.',
  },
  GW_METHOD_NOT_ALLOWED: {
    status: 405,
    type: 'invalid_request_error',
    meaning: 'The path exists, but not with this method.',
    action: 'Use the method that the allow header names.',
  },
  GW_REQUEST_TIMEOUT: {
    status: 408,
    type: 'invalid_request_error',
    meaning: 'The request’s headers or body did not arrive in time.',
    action: 'Send the request faster, or raise limits.requestMs.',
  },
  GW_BODY_TOO_LARGE: {
    status: 413,
    type: 'invalid_request_error',
    meaning: 'The body is larger than limits.bodyBytes.',
    action: 'Send less, or raise the limit.',
  },
  GW_UNSUPPORTED_ENCODING: {
    status: 415,
    type: 'invalid_request_error',
    meaning: 'The body is compressed, which these paths do not read.',
    action: 'Send the body without content-encoding.',
  },
  GW_HEADERS_TOO_LARGE: {
    status: 431,
    type: 'invalid_request_error',
    meaning: 'The request’s headers are larger than limits.headerBytes.',
    action: 'Send fewer or shorter headers.',
  },
  GW_QUOTA_EXHAUSTED: {
    status: 429,
    type: 'rate_limited',
    meaning: 'Every target of the route is at its vendor’s rate limit.',
    action: 'Wait for retry-after, then send again.',
  },
  GW_INTERNAL: {
    status: 500,
    type: 'server_error',
    meaning: 'A fault in Leeward. The log has it under the request id.',
    action: 'Send again; report it with the request id.',
  },
  GW_UPSTREAM_FAILED: {
    status: 502,
    type: 'server_error',
    meaning: 'Every attempt failed, and the route has no target left to try.',
    action: 'Send again later; /admin/decisions has the attempts.',
  },
  GW_CREDENTIALS_REJECTED: {
    status: 502,
    type: 'server_error',
    meaning: 'The upstream rejected every configured key of the route.',
    action: 'Have an operator check the keys; `leeward keys` tests them.',
  },
  GW_STREAM_BROKEN: {
    status: 502,
    type: 'server_error',
    meaning: 'The answer broke off after its first byte and could not be continued. Sent inside the stream.',
    action: 'Discard the partial answer, or keep it as partial, and send again.',
  },
  GW_NO_TARGET: {
    status: 503,
    type: 'server_error',
    meaning: 'No target of the route is available at this moment.',
    action: 'Wait for retry-after, then send again.',
  },
  GW_OVERLOADED: {
    status: 503,
    type: 'server_error',
    meaning: 'This node already carries limits.inFlight requests.',
    action: 'Wait for retry-after, then send again; add nodes.',
  },
  GW_DEADLINE: {
    status: 504,
    type: 'timeout_error',
    meaning: 'The request’s deadline passed before an answer began.',
    action: 'Allow more time (x-leeward-deadline-ms, timeouts.totalMs), or send less.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof REGISTER;

export const errorRegister: Readonly<Record<ErrorCode, ErrorEntry>> = REGISTER;

/** An error that Leeward answers. Mapped to HTTP in one file of the gateway. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  /** When a retry may succeed, in milliseconds from now; sent as retry-after and retry-after-ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return REGISTER[this.code].status;
  }

  get type(): ErrorType {
    return REGISTER[this.code].type;
  }
}
