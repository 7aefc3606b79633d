/** One listening address on node:http: request bodies read under a bound, sockets without Nagle, an end that ends. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

export type OnRequest = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly bodyBytes: number;
  readonly onRequest: OnRequest;
  readonly onTooLarge: (response: ServerResponse) => void;
}

export async function listen(options: ListenerOptions): Promise<Listener> {
  const server = createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (request, response) => {
    readBody(request, response, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // 1,000 clients may arrive in one instant.
    server.listen({ port: options.port, host: options.host, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Silent and stalled answers would otherwise hold the end for ever.
        server.closeAllConnections();
      }),
  };
}

function readBody(request: IncomingMessage, response: ServerResponse, options: ListenerOptions): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let over = false;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (over) return;
    if (sizeBytes > options.bodyBytes) {
      over = true;
      chunks.length = 0;
      response.once('finish', () => request.destroy());
      options.onTooLarge(response);
      return;
    }
    chunks.push(chunk);
  });
  request.on('end', () => {
    if (over) return;
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    options.onRequest(request, response, body);
  });
  // A client that leaves while it sends: there is nobody to answer.
  request.on('error', () => response.destroy());
}
