import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, GatewayError } from '@leeward/kernel';

interface BodyBounds {
  readonly maxBytes: number;
  readonly withinMs: number;
}

/**
 * The whole body, bounded in size and time. A body that says it is too large is refused before a byte of it is read,
 * and a client that asks first (`expect: 100-continue`) is told to go on only when it is not.
 */
export function readBody(
  clock: Clock,
  request: IncomingMessage,
  response: ServerResponse,
  { maxBytes, withinMs }: BodyBounds,
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) return Promise.reject(tooLarge(maxBytes));
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new GatewayError('GW_UNSUPPORTED_ENCODING', 'Send the body without content-encoding.'));
  }
  continueIfAsked(request, response);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const refuse = (error: GatewayError) => {
      timer.cancel();
      request.off('data', onData);
      request.pause();
      reject(error);
    };
    const timer = clock.after(withinMs, () => {
      refuse(
        new GatewayError('GW_REQUEST_TIMEOUT', `The body did not arrive within limits.requestMs (${withinMs} ms).`),
      );
    });
    const onData = (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
      else refuse(tooLarge(maxBytes));
    };
    request.on('data', onData);
    request.once('end', () => {
      timer.cancel();
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, sizeBytes));
    });
    request.once('error', (cause) => {
      timer.cancel();
      reject(new GatewayError('GW_BAD_REQUEST', 'The body broke off before its end.', { cause }));
    });
  });
}

/** A client of HTTP/1.0 would take it for the answer (RFC 9110, 10.1.1). */
export function continueIfAsked({ headers, httpVersion }: IncomingMessage, response: ServerResponse): void {
  if (headers.expect !== undefined && httpVersion === '1.1') response.writeContinue();
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('GW_BODY_TOO_LARGE', `The body is larger than limits.bodyBytes (${maxBytes} bytes).`);
}
