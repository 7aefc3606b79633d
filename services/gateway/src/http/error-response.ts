/** The one place where an error becomes HTTP. */
import type { ServerResponse } from 'node:http';
import { GatewayError, systemClock } from '@leeward/kernel';
import { writeErrorBody } from '@leeward/wire';

/**
 * Clients take 1 to 59 s: some retry at once at 0, and some give up, or sleep for as long as they are told, at a
 * minute and beyond.
 */
const MIN_RETRY_AFTER_MS = 1000;
const MAX_RETRY_AFTER_MS = 59_000;

/** Most uploads that a client has under way end within it, or the client has read the answer and stopped. */
const LINGER_MS = 1000;

export type ResponseHeaders = Record<string, string | string[]>;

export function respondError(response: ServerResponse, error: GatewayError, headers: ResponseHeaders = {}): void {
  if (response.headersSent || response.destroyed) {
    // Too late for a status: cutting the connection is the only honest thing left to say.
    response.destroy();
    return;
  }
  const body = writeErrorBody({ status: error.status, code: error.code, type: error.type, message: error.message });
  const { complete } = response.req;
  response.writeHead(error.status, {
    ...headers,
    ...retryHeaders(error),
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...(complete ? {} : { connection: 'close' }),
  });
  if (complete) response.end(body);
  else endAfterBody(response, body);
}

/**
 * Answers while the client is still sending. A socket that is closed with unread bytes in it is reset, and the reset
 * overtakes the answer; so what still comes is thrown away for a moment, and only then the connection closed.
 */
function endAfterBody(response: ServerResponse, body: Buffer): void {
  const { req: request } = response;
  response.write(body);
  const end = () => {
    timer.cancel();
    response.end();
  };
  const timer = systemClock.after(LINGER_MS, end);
  request.once('end', end);
  request.once('close', end);
  request.resume();
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
