/** The one place where an error becomes HTTP. */
import type { ServerResponse } from 'node:http';
import { GatewayError } from '@leeward/kernel';
import { writeErrorBody } from '@leeward/wire';

/**
 * Clients take 1 to 59 s: some retry at once at 0, and some give up, or sleep for as long as they are told, at a
 * minute and beyond.
 */
const MIN_RETRY_AFTER_MS = 1000;
const MAX_RETRY_AFTER_MS = 59_000;

export type ResponseHeaders = Record<string, string | readonly string[]>;

export function respondError(response: ServerResponse, error: GatewayError, headers: ResponseHeaders = {}): void {
  if (response.headersSent || response.destroyed) {
    // Too late for a status: cutting the connection is the only honest thing left to say.
    response.destroy();
    return;
  }
  const body = writeErrorBody({ status: error.status, code: error.code, type: error.type, message: error.message });
  response.writeHead(error.status, {
    ...headers,
    ...retryHeaders(error),
    'content-type': 'application/json',
    'content-length': String(body.length),
  });
  response.end(body);
}

/** What is not a GatewayError is a fault of ours; its message stays in the log. */
export function asGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError('GW_INTERNAL', 'Internal error; the log has it under this request id.', { cause: error });
}

function retryHeaders(error: GatewayError): ResponseHeaders {
  if (error.status !== 429 && error.status !== 503) return {};
  const waitMs = Math.min(MAX_RETRY_AFTER_MS, Math.max(MIN_RETRY_AFTER_MS, error.retryAfterMs ?? MIN_RETRY_AFTER_MS));
  return { 'retry-after': String(Math.ceil(waitMs / 1000)), 'retry-after-ms': String(Math.ceil(waitMs)) };
}
