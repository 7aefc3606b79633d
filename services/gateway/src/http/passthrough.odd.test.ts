import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Secret } from '@leeward/kernel';
import { VirtualClock } from '@leeward/testkit';
import type { Provider } from '@leeward/upstream';
import { describe, expect, test } from 'vitest';
import { CLIENT_KEY, ENV, oneProvider, openGateway, settingsOf } from '../fixtures/open-gateway.ts';
import { openUpstream, sayJson } from '../fixtures/open-upstream.ts';
import { rawClient, requestText } from '../fixtures/raw-client.ts';
import { passthrough } from './passthrough.ts';

const headers = { authorization: `Bearer ${CLIENT_KEY}` };

/** What a client hears when the vendor says this and closes; `answers` is told each request. */
async function heard(says: string, line = 'GET /v1/files', answers: string[] = []): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      answers.push(String(bytes));
      socket.end(says);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const gateway = stack.use(await openGateway(oneProvider(`http://127.0.0.1:${port}`)));
  using client = await rawClient(gateway.port);
  client.send(requestText(line, { headers: { ...headers, connection: 'close' } }));
  const answer = await client.closed();
  using next = await rawClient(gateway.port);
  next.send(requestText('GET /nowhere', { headers }));
  await next.until('GW_UNKNOWN_PATH');
  return answer;
}

const FRAMED = 'content-length: 2\r\n\r\nhi';

describe('a vendor', () => {
  test.each(['O\u0001K', 'O\u007fK', 'Ü'])('may say %j for a reason', async (reason) => {
    expect(await heard(`HTTP/1.1 200 ${reason}\r\n${FRAMED}`)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*hi$/);
  });

  test.each(['000', '099', '600', '999'])('that answers %s, which is no status, has failed', async (status) => {
    expect(await heard(`HTTP/1.1 ${status} OK\r\n${FRAMED}`)).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n[^]*hi$/);
  });

  test('that changes the protocol unasked has failed', async () => {
    const says = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
    expect(await heard(says)).toMatch(/^HTTP\/1\.1 502 [^]*GW_UPSTREAM_FAILED/);
  });

  test('whose answer ends with its connection, by whatever name, is heard to its end on one that stays', async () => {
    const answer = await heard('HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nhi');
    expect(answer).not.toContain('identity');
    expect(answer).toMatch(/transfer-encoding: chunked[^]*\r\n2\r\nhi\r\n0\r\n\r\n$/i);
  });
});

test('requests that follow each other share a connection', async () => {
  const used = new Set<Socket>();
  await using upstream = await openUpstream(
    (_request, response) => sayJson(response, '{}'),
    ({ socket }) => {
      used.add(socket);
      return false;
    },
  );
  await using gateway = await openGateway(oneProvider(upstream.url));
  for (let times = 0; times < 3; times++) {
    const response = await fetch(`${gateway.dataUrl}/v1/files`, { headers });
    expect([response.status, await response.text()]).toEqual([200, '{}']);
  }
  expect(used.size).toBe(1);
});

/** The proxy by itself, on a clock of the test's. */
async function openFront(baseUrl: string) {
  const stack = new AsyncDisposableStack();
  const { providers } = await settingsOf(oneProvider(baseUrl));
  const key = { name: 'a', weight: 1, secret: new Secret(ENV.KEY_A), quarantine: { admits: true } };
  const provider = { name: 'mistral', dialect: 'mistral', options: providers['mistral'], keys: [key] };
  const clock = new VirtualClock();
  const pass = passthrough({
    clock,
    providers: () => [provider as unknown as Provider],
    onAnswered: () => undefined,
  });
  const failed = Promise.withResolvers<unknown>();
  const front = createHttpServer((request, response) => {
    pass(request, response).catch((error: unknown) => {
      response.end();
      failed.resolve(error);
    });
  });
  await once(front.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void front.close());
  const client = await rawClient((front.address() as AddressInfo).port);
  stack.defer(() => client[Symbol.dispose]());
  return { clock, client, failed: failed.promise, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a vendor that takes a connection and says nothing of TLS is given up', async () => {
  await using stack = new AsyncDisposableStack();
  const silent = createServer((socket) => void socket.resume());
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  await using front = await openFront(`https://127.0.0.1:${port}`);
  const connected = once(silent, 'connection');
  front.client.send(requestText('GET /v1/files'));
  await connected;
  await front.clock.advance(9_999);
  expect(front.clock.pending).toBe(1);
  await front.clock.advance(1);
  expect(await front.failed).toMatchObject({ code: 'GW_UPSTREAM_FAILED' });
  expect(front.clock.pending).toBe(0);
});

test('a vendor that thinks for long is waited for, on a new connection and on one that was kept', async () => {
  const asked = [1, 2].map(() => Promise.withResolvers<() => void>());
  await using upstream = await openUpstream((_request, response, number) => {
    asked[number - 1]?.resolve(() => sayJson(response, `{"number":${number}}`));
  });
  await using front = await openFront(upstream.url);
  for (const [index, { promise }] of asked.entries()) {
    front.client.send(requestText('GET /v1/files'));
    const answer = await promise;
    await front.clock.advance(60_000);
    answer();
    await front.client.until(`{"number":${index + 1}}`);
  }
  expect(front.client.heard().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
});

test('TRACE would be answered with the key, and is not passed on', async () => {
  const asked: string[] = [];
  const answer = await heard('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'TRACE /v1/files', asked);
  expect(answer).toMatch(/^HTTP\/1\.1 405 [^]*\r\nallow: GET, HEAD, POST/);
  expect(answer).not.toContain(ENV.KEY_A);
  expect(asked).toEqual([]);
});
