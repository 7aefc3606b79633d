import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type RawClient, rawClient } from '../fixtures/raw-client.ts';
import { closeServer } from '../http/close-server.ts';
import { DealtConnections } from './dealt-connections.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: here\r\n\r\n';

let port: Server | undefined;
afterEach(() => port?.close());

/** Connections come by a port that is not the server's: as they come to a worker. */
async function dealt(listener: RequestListener) {
  const limits = { headersTimeout: 100, connectionsCheckingInterval: 20 };
  const connections = new DealtConnections(createHttpServer(limits, listener));
  let closed = 0;
  port = createServer((socket) => connections.add(socket, () => closed++));
  port.listen(0, '127.0.0.1');
  await once(port, 'listening');
  const address = port.address();
  const connect = (): Promise<RawClient> =>
    rawClient(typeof address === 'object' && address !== null ? address.port : 0);
  return { connections, connect, closed: () => closed };
}

test('requests on a dealt connection are answered, one after the other', async () => {
  const { connect, closed } = await dealt((_request, response) => response.end('answered'));
  using client = await connect();
  client.send(REQUEST);
  await client.until('answered');
  client.send(REQUEST.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
  expect((await client.closed()).match(/answered/g)).toHaveLength(2);
  expect(closed()).toBe(1);
});

test('headers that do not come in time are refused', async () => {
  const { connect } = await dealt((_request, response) => response.end());
  using client = await connect();
  client.send('GET / HTTP/1.1\r\nhost:');
  expect(await client.closed()).toContain('408');
});

test('at the end an idle connection closes at once, one that is being answered when it is', async () => {
  const answering = Promise.withResolvers<ServerResponse>();
  const { connections, connect } = await dealt((_request, response) => answering.resolve(response));
  using idle = await connect();
  using busy = await connect();
  busy.send(REQUEST);
  const response = await answering.promise;
  const closing = closeServer(connections, 60_000);
  await idle.closed();
  response.end('the whole answer');
  expect(await busy.closed()).toContain('the whole answer');
  await closing;
});

test('at the end what takes too long is cut', async () => {
  const answering = Promise.withResolvers<ServerResponse>();
  const { connections, connect } = await dealt((_request, response) => answering.resolve(response));
  using busy = await connect();
  busy.send(REQUEST);
  await answering.promise;
  await closeServer(connections, 10);
  expect(await busy.closed()).toBe('');
});
