/** node:http with its limits set: headers, their time, the body's time, connections, and errors that clients can read. */
import { createServer, type RequestListener, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Server as PortServer, Socket } from 'node:net';
import { type ErrorCode, GatewayError, systemClock } from '@leeward/kernel';
import { writeErrorBody } from '@leeward/wire';
import type { Address } from '../config/address.ts';
import type { Limits } from '../config/settings.ts';
import type { TlsIdentity } from '../config/tls.ts';

/** How often Node looks for connections whose time is over: the precision of headersMs. */
const CHECK_EVERY_MS = 1000;

/**
 * A whole request, an upload that is passed through included. Only a backstop against bodies that never end: what is
 * read into memory has limits.requestMs (read-body.ts), and a silent upload ends with the upstream's patience.
 */
const WHOLE_REQUEST_MS = 3_600_000;

/** For the client to read why it was refused; after that the socket goes, whether the client closes its end or not. */
const LINGER_MS = 1000;

/** @param tls undefined for plain HTTP */
export function httpServer(listener: RequestListener, limits: Limits, tls?: TlsIdentity): Server | TlsServer {
  /** The newest response of each connection, to tell whether a refusal would land in the middle of one. */
  const newest = new WeakMap<Socket, ServerResponse>();
  const onRequest: RequestListener = (request, response) => {
    newest.set(request.socket, response);
    listener(request, response);
  };
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: Math.max(limits.requestMs, WHOLE_REQUEST_MS),
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, limits.headersMs),
    noDelay: true,
    requireHostHeader: true,
  };
  const server =
    tls === undefined
      ? createServer(options, onRequest)
      : createTlsServer({ ...options, ...tlsOptions(tls), handshakeTimeout: limits.headersMs }, onRequest);
  // Whether a body is wanted is said by whoever reads it, once it is known not to be refused.
  server.on('checkContinue', onRequest);
  server.maxConnections = limits.connections;
  server.on('clientError', (cause: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    const response = newest.get(socket);
    const isAnswering = response !== undefined && response.headersSent && !response.writableFinished;
    if (isAnswering) socket.destroy();
    else refuseSocket(cause, socket);
  });
  return server;
}

/** Resolves to the address in use: with port 0 the system chose one. */
export function listen(server: PortServer, address: Address, tls?: TlsIdentity): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', reject);
      const { port } = server.address() as AddressInfo;
      const host = address.host.includes(':') ? `[${address.host}]` : address.host;
      resolve(`${tls === undefined ? 'http' : 'https'}://${host}:${port}`);
    });
  });
}

/** For connections from now on: certificates are renewed while a node runs. */
export function renewTls(server: Server | TlsServer, tls: TlsIdentity | undefined): void {
  if (tls !== undefined && 'setSecureContext' in server) server.setSecureContext(tlsOptions(tls));
}

function tlsOptions({ cert, key, clientCa }: TlsIdentity) {
  return {
    cert: cert.reveal(),
    key: key.reveal(),
    minVersion: 'TLSv1.2' as const,
    ALPNProtocols: ['http/1.1'],
    // Who has none, or a wrong one, is answered by require-certificate.ts: health is for everyone.
    ...(clientCa === undefined ? {} : { ca: clientCa.reveal(), requestCert: true, rejectUnauthorized: false }),
  };
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
  const timer = systemClock.after(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.cancel());
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
