import type { IncomingMessage } from 'node:http';
import { GatewayError } from '@leeward/kernel';

/**
 * The whole body, bounded. A body that says it is too large is refused before a byte of it is read; the time it may
 * take is the server's (limits.requestMs).
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) return Promise.reject(tooLarge(maxBytes));
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new GatewayError('GW_UNSUPPORTED_ENCODING', 'Send the body without content-encoding.'));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const onData = (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off('data', onData);
      request.pause();
      reject(tooLarge(maxBytes));
    };
    request.on('data', onData);
    request.once('end', () => {
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, sizeBytes));
    });
    request.once('error', (cause) => {
      reject(new GatewayError('GW_BAD_REQUEST', 'The body broke off before its end.', { cause }));
    });
  });
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('GW_BODY_TOO_LARGE', `The body is larger than limits.bodyBytes (${maxBytes} bytes).`);
}
