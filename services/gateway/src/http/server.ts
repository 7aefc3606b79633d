/** node:http with its limits set: headers, their time, the body's time, connections, and errors that clients can read. */
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type ErrorCode, GatewayError } from '@leeward/kernel';
import { writeErrorBody } from '@leeward/wire';
import type { Address } from '../config/address.ts';
import type { Limits } from '../config/settings.ts';

/** How often Node looks for connections whose time is over: the precision of headersMs and requestMs. */
const CHECK_EVERY_MS = 1000;

export function httpServer(listener: RequestListener, limits: Limits): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, limits.headersMs, limits.requestMs),
      noDelay: true,
      requireHostHeader: true,
    },
    listener,
  );
  server.maxConnections = limits.connections;
  server.on('clientError', (cause: NodeJS.ErrnoException, socket) => refuseSocket(cause, socket as Socket));
  return server;
}

/** Resolves to the address in use: with port 0 the system chose one. */
export function listen(server: Server, address: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject);
      const { port } = server.address() as AddressInfo;
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      resolve(`http://${host}:${port}`);
    });
  });
}

/** A request that Node could not even parse: the answer is written to the socket by hand, and the socket closed. */
function refuseSocket(cause: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || cause.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const error = socketError(cause.code);
  const body = writeErrorBody({ status: error.status, code: error.code, type: error.type, message: error.message });
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
  );
}

function socketError(code: string | undefined): GatewayError {
  const [known, message]: [ErrorCode, string] =
    code === 'HPE_HEADER_OVERFLOW'
      ? ['GW_HEADERS_TOO_LARGE', 'The headers are larger than limits.headerBytes.']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['GW_REQUEST_TIMEOUT', 'The request did not arrive in time.']
        : ['GW_BAD_REQUEST', 'This is not an HTTP/1.1 request.'];
  return new GatewayError(known, message);
}
