import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import { answersChat, beginStream, chatBody, event, openUpstream, type Upstream } from '../fixtures/open-upstream.ts';
import { rawClient, requestText } from '../fixtures/raw-client.ts';

const CHAT = 'POST /v1/chat/completions';
const LIMITS = { limits: { headerBytes: 4096, headersMs: 150, connections: 20 }, auth: 'none' };

async function withGateway(run: (gateway: TestGateway, upstream: Upstream) => Promise<void>): Promise<void> {
  await using upstream = await openUpstream(answersChat);
  await using gateway = await openGateway(oneProvider(upstream.url, LIMITS));
  await run(gateway, upstream);
}

describe('what is not a request', () => {
  test.each([
    ['garbage', '\x16\x03\x01\x02 garbage\r\n\r\n', 400, 'GW_BAD_REQUEST'],
    [
      'a header bomb',
      `${CHAT} HTTP/1.1\r\nhost: x\r\nx-bomb: ${'x'.repeat(5000)}\r\n\r\n`,
      431,
      'GW_HEADERS_TOO_LARGE',
    ],
    [
      'many small headers',
      `${CHAT} HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(2000)}\r\n`,
      431,
      'GW_HEADERS_TOO_LARGE',
    ],
    ['an endless path', `GET /${'x'.repeat(5000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431, 'GW_HEADERS_TOO_LARGE'],
    [
      'two lengths that differ',
      requestText(CHAT, { headers: { 'content-length': '5', 'Content-Length': '6' }, body: 'hello' }),
      400,
      'GW_BAD_REQUEST',
    ],
    [
      'a length beside chunks',
      requestText(CHAT, { headers: { 'content-length': '5', 'transfer-encoding': 'chunked' }, body: '0\r\n\r\n' }),
      400,
      'GW_BAD_REQUEST',
    ],
    [
      'chunks that are not the last encoding',
      requestText(CHAT, { headers: { 'transfer-encoding': 'chunked, identity' }, body: '0\r\n\r\n' }),
      400,
      'GW_BAD_REQUEST',
    ],
    ['a negative length', requestText(CHAT, { headers: { 'content-length': '-1' } }), 400, 'GW_BAD_REQUEST'],
    [
      'a broken chunk size',
      requestText(CHAT, { headers: { 'transfer-encoding': 'chunked' }, body: 'zz\r\n' }),
      400,
      'GW_BAD_REQUEST',
    ],
    ['a header folded over lines', `${CHAT} HTTP/1.1\r\nhost: x\r\nx-a: b\r\n c\r\n\r\n`, 400, 'GW_BAD_REQUEST'],
    ['a line end of its own making', `${CHAT} HTTP/1.1\nhost: x\n\n`, 400, 'GW_BAD_REQUEST'],
    ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'GW_BAD_REQUEST'],
  ])('is refused in words and the socket let go: %s', async (_what, text, status, code) => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      client.send(text);
      const answer = await client.closed();
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*"code":"${code}"`));
      expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      expect(upstream.seen()).toBe(0);
    });
  });

  test('does not hold a socket when the client never closes its end', async () => {
    await withGateway(async (gateway) => {
      const released = gateway.connectionReleased();
      using client = await rawClient(gateway.port, { stays: true });
      client.send('garbage\r\n\r\n');
      await client.until('GW_BAD_REQUEST');
      await released;
      expect(client.socket.destroyed).toBe(false);
    });
  });

  test('a slow-loris of headers is a 408, and its socket is let go', async () => {
    await withGateway(async (gateway, upstream) => {
      const released = gateway.connectionReleased();
      using client = await rawClient(gateway.port, { stays: true });
      client.send(`${CHAT} HTTP/1.1\r\nhost: x\r\nx-slow: `);
      expect(await client.until('GW_REQUEST_TIMEOUT')).toMatch(/^HTTP\/1\.1 408 /);
      await released;
      expect(upstream.seen()).toBe(0);
    });
  });

  test('is never written into the middle of an answer', async () => {
    await using upstream = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('begun'));
    });
    await using gateway = await openGateway(oneProvider(upstream.url, LIMITS));
    using client = await rawClient(gateway.port);
    client.send(requestText(CHAT, { body: chatBody({ stream: true }) }));
    await client.until('begun');
    const aborted = upstream.nextAbort();
    client.send('garbage after a good request\r\n\r\n');
    const answer = await client.closed();
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(answer).not.toContain('GW_BAD_REQUEST');
    await aborted;
  });
});

describe('a connection', () => {
  test('carries one request after another', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      for (let number = 1; number <= 3; number++) {
        client.send(requestText(CHAT, { headers: { 'x-request-id': `r-${number}` }, body: chatBody() }));
        await client.until(`r-${number}`);
      }
      expect(upstream.received).toHaveLength(3);
      expect(client.heard().toLowerCase()).not.toContain('connection: close');
    });
  });

  test('answers requests sent at once in their order, refusals among them', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      const good = (id: string) => requestText(CHAT, { headers: { 'x-request-id': id }, body: chatBody() });
      const bad = requestText(CHAT, { headers: { 'x-request-id': 'two' }, body: '[]' });
      const models = requestText('GET /nowhere', { headers: { 'x-request-id': 'three' } });
      client.send(good('one') + bad + models + good('four'));
      const answer = await client.until('four');
      expect(answer.match(/x-request-id: \w+/g)).toEqual(
        ['one', 'two', 'three', 'four'].map((id) => `x-request-id: ${id}`),
      );
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([200, 400, 404, 200].map((status) => `HTTP/1.1 ${status}`));
      expect(upstream.received).toHaveLength(2);
    });
  });

  test('beyond limits.connections is closed at once, and the others go on', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { limits: { connections: 1 }, auth: 'none' }));
    using first = await rawClient(gateway.port);
    first.send(requestText(CHAT, { body: chatBody() }));
    await first.until('the completion');
    const dropped = once(gateway.data, 'drop');
    using second = await rawClient(gateway.port);
    await dropped;
    expect(await second.closed()).toBe('');
    first.send(requestText(CHAT, { headers: { 'x-request-id': 'again' }, body: chatBody() }));
    await first.until('again');
  });
});

describe('a form of HTTP', () => {
  test('1.0 is answered, and the connection closed', async () => {
    await withGateway(async (gateway) => {
      for (const body of [chatBody(), chatBody({ stream: true })]) {
        using client = await rawClient(gateway.port);
        client.send(`${CHAT} HTTP/1.0\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        const answer = await client.closed();
        expect(answer).toMatch(/^HTTP\/1\.1 200 /);
        expect(answer.toLowerCase()).not.toContain('transfer-encoding');
        expect(answer).toContain('completion');
      }
    });
  });

  test('1.1 without a host is refused', async () => {
    await withGateway(async (gateway) => {
      using client = await rawClient(gateway.port);
      client.send('GET /v1/models HTTP/1.1\r\n\r\n');
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 /);
    });
  });

  test('with the whole URL in the request line means the same path', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      client.send(requestText('POST http://gateway.example:8080/v1/chat/completions?x=1', { body: chatBody() }));
      expect(await client.until('the completion')).toMatch(/^HTTP\/1\.1 200 /);
      expect(upstream.received[0]?.url).toBe('/v1/chat/completions');
    });
  });

  test('that asks before it sends is told to go on', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      const body = chatBody();
      const headers = { expect: '100-continue', 'content-length': String(body.length) };
      client.send(requestText(CHAT, { headers }));
      await client.until('HTTP/1.1 100 Continue');
      expect(upstream.seen()).toBe(0);
      client.send(body);
      await client.until('the completion');
    });
  });

  test('1.0 that asks before it sends hears nothing but the answer', async () => {
    await withGateway(async (gateway) => {
      for (const path of ['/v1/chat/completions', '/v1/audio/x']) {
        using client = await rawClient(gateway.port);
        const body = chatBody();
        client.send(`POST ${path} HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
        expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 /);
      }
    });
  });

  test.each(['CONNECT gateway:443', 'OPTIONS *', 'TRACE /v1/models', 'GET //', 'GET /v1/%', 'GET http://[', 'GET \\'])(
    'that nobody needs ends in a refusal: %s',
    async (line) => {
      await withGateway(async (gateway, upstream) => {
        using client = await rawClient(gateway.port);
        client.send(requestText(line, { headers: { connection: 'close' } }));
        const answer = await client.closed();
        expect(answer === '' ? 'HTTP/1.1 400 ' : answer).toMatch(/^HTTP\/1\.1 (4\d\d|200) /);
        expect(answer).not.toContain('<html');
        expect(upstream.received.every(({ url }) => url.startsWith('/v1/'))).toBe(true);
      });
    },
  );

  test('that wants another protocol is answered in this one', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      const headers = { connection: 'upgrade', upgrade: 'websocket' };
      client.send(requestText('POST /v1/audio/x', { headers, body: chatBody() }));
      await client.until('the completion');
      expect(upstream.received[0]?.headers).not.toHaveProperty('upgrade');
    });
  });
});
