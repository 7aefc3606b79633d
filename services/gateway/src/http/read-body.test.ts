import { describe, expect, test } from 'vitest';
import { oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import { answersChat, chatBody, openUpstream, type Upstream } from '../fixtures/open-upstream.ts';
import { rawClient, requestText } from '../fixtures/raw-client.ts';

const LIMITS = { limits: { bodyBytes: 2048, headersMs: 200, requestMs: 200 }, auth: 'none' };
const PATH = 'POST /v1/chat/completions';

async function withGateway(run: (gateway: TestGateway, upstream: Upstream) => Promise<void>): Promise<void> {
  await using upstream = await openUpstream(answersChat);
  await using gateway = await openGateway(oneProvider(upstream.url, LIMITS));
  await run(gateway, upstream);
}

const MESSAGES = [{ role: 'user', content: 'hi' }];

describe('a body that cannot be right', () => {
  test.each([
    ['is empty', '', 'GW_BAD_JSON'],
    ['is not JSON', 'hello', 'GW_BAD_JSON'],
    ['is cut', '{"model":"m","messages":[', 'GW_BAD_JSON'],
    ['is an array', '[]', 'GW_BAD_JSON'],
    ['is null', 'null', 'GW_BAD_JSON'],
    ['is deeply nested nonsense', '['.repeat(1000), 'GW_BAD_JSON'],
    [
      'is not UTF-8',
      Buffer.from([...Buffer.from('{"model":"m","messages":[{"role":"user","content":"'), 0xff, 0x22]),
      'GW_BAD_JSON',
    ],
    [
      'hides broken UTF-8 in a string',
      Buffer.concat([
        Buffer.from('{"model":"m","messages":[{"role":"user","content":"'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}]}'),
      ]),
      'GW_BAD_JSON',
    ],
    ['has no model', JSON.stringify({ messages: MESSAGES }), 'GW_BAD_REQUEST'],
    ['has a model that is a number', JSON.stringify({ model: 4, messages: MESSAGES }), 'GW_BAD_REQUEST'],
    ['has an empty model', JSON.stringify({ model: '', messages: MESSAGES }), 'GW_BAD_REQUEST'],
    ['has no messages', JSON.stringify({ model: 'm' }), 'GW_BAD_REQUEST'],
    ['has messages that are text', JSON.stringify({ model: 'm', messages: 'hi' }), 'GW_BAD_REQUEST'],
    ['has messages that are numbers', JSON.stringify({ model: 'm', messages: [1] }), 'GW_BAD_REQUEST'],
    ['has a stream that is text', JSON.stringify({ model: 'm', messages: MESSAGES, stream: 'yes' }), 'GW_BAD_REQUEST'],
    [
      'names a model that no header can carry',
      JSON.stringify({ model: 'größe\n', messages: MESSAGES }),
      'GW_UNKNOWN_MODEL',
    ],
    ['names a provider without a model', JSON.stringify({ model: 'mistral/', messages: MESSAGES }), 'GW_UNKNOWN_MODEL'],
  ])('is refused in the form that every SDK reads when it %s', async (_why, body, code) => {
    await withGateway(async (gateway, upstream) => {
      const response = await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body });
      const answer: unknown = await response.json();
      expect(response.status).toBe(code === 'GW_UNKNOWN_MODEL' ? 404 : 400);
      expect(answer).toMatchObject({ object: 'error', code, error: { code, message: expect.any(String) } });
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('x-request-id')).not.toBeNull();
      expect(upstream.seen()).toBe(0);
    });
  });

  test('is refused without its text being repeated', async () => {
    await withGateway(async (gateway) => {
      const body = '{"model":"m","messages":[{"role":"user","content":"a secret prompt"';
      const response = await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body });
      expect(await response.text()).not.toContain('secret');
      expect(JSON.stringify(gateway.log)).not.toContain('secret');
    });
  });
});

describe('a body that is too large', () => {
  const large = chatBody({ padding: 'x'.repeat(10_000) });

  test('is refused by its declared length before it is sent, and the connection closed', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      client.send(requestText(PATH, { headers: { 'content-length': '2049' } }));
      const answer = await client.until('"GW_BODY_TOO_LARGE"');
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer.toLowerCase()).toContain('connection: close');
      await client.closed();
      expect(upstream.seen()).toBe(0);
    });
  });

  test('is never asked for when the client asks first', async () => {
    await withGateway(async (gateway) => {
      using client = await rawClient(gateway.port);
      client.send(requestText(PATH, { headers: { 'content-length': '999999', expect: '100-continue' } }));
      const answer = await client.until('"GW_BODY_TOO_LARGE"');
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    });
  });

  test('is refused when chunks add up to too much', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port);
      client.send(requestText(PATH, { headers: { 'transfer-encoding': 'chunked' } }));
      client.send(`400\r\n${'x'.repeat(1024)}\r\n`.repeat(3));
      expect(await client.until('"GW_BODY_TOO_LARGE"')).toMatch(/^HTTP\/1\.1 413 /);
      await client.closed();
      expect(upstream.seen()).toBe(0);
    });
  });

  test('does not keep a client from reading why that sends everything before it reads', async () => {
    await withGateway(async (gateway, upstream) => {
      const huge = Buffer.alloc(16 * 1024 * 1024, 0x20);
      using client = await rawClient(gateway.port);
      client.socket.pause();
      client.send(requestText(PATH, { headers: { 'content-length': String(huge.length) } }));
      await new Promise((resolve) => client.socket.write(huge, resolve));
      client.socket.resume();
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 413 [^]*GW_BODY_TOO_LARGE/);
      expect(upstream.seen()).toBe(0);
    });
  });

  test('may be as large as the limit to the byte', async () => {
    await withGateway(async (gateway) => {
      const body = chatBody().padEnd(2048, ' ');
      const response = await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body });
      expect(response.status).toBe(200);
      expect((await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body: large })).status).toBe(413);
    });
  });
});

describe('a body on its way', () => {
  test('is refused when it is compressed', async () => {
    await withGateway(async (gateway, upstream) => {
      const headers = { 'content-encoding': 'gzip' };
      const response = await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body: 'x', headers });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ code: 'GW_UNSUPPORTED_ENCODING' });
      expect(upstream.seen()).toBe(0);
    });
  });

  test('may come in any pieces, cut through characters', async () => {
    await withGateway(async (gateway, upstream) => {
      const body = chatBody({ note: 'naïve 漢字 🌬' });
      using client = await rawClient(gateway.port);
      const bytes = Buffer.from(
        requestText(PATH, { headers: { 'content-length': String(Buffer.byteLength(body)) }, body }),
      );
      for (const byte of bytes) client.send(Uint8Array.of(byte));
      await client.until('the completion');
      expect(upstream.received[0]?.bytes.toString()).toBe(body);
    });
  });

  test('that stops coming is a 408 within limits.requestMs, and the upstream hears nothing of it', async () => {
    await withGateway(async (gateway, upstream) => {
      const released = gateway.connectionReleased();
      using client = await rawClient(gateway.port, { stays: true });
      client.send(`${requestText(PATH, { headers: { 'content-length': '100', 'x-request-id': 'slow-1' } })}{"model"`);
      const answer = await client.until('"GW_REQUEST_TIMEOUT"');
      await released;
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(answer).toContain('slow-1');
      expect(upstream.seen()).toBe(0);
    });
  });

  test('whose client closes its end is a 400', async () => {
    await withGateway(async (gateway, upstream) => {
      using client = await rawClient(gateway.port, { stays: true });
      client.send(`${requestText(PATH, { headers: { 'content-length': '100' } })}{"model"`);
      client.socket.end();
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 [^]*GW_BAD_REQUEST/);
      expect(upstream.seen()).toBe(0);
    });
  });

  test('whose client leaves counts as a client that left, not as an error of ours', async () => {
    await withGateway(async (gateway, upstream) => {
      const client = await rawClient(gateway.port);
      const gone = new Promise<void>((resolve) => {
        gateway.data.once('request', (_request, response) => response.once('close', () => resolve()));
      });
      client.send(`${requestText(PATH, { headers: { 'content-length': '100' } })}{"model"`);
      await new Promise((resolve) => gateway.data.once('request', resolve));
      client.socket.resetAndDestroy();
      await gone;
      await new Promise((resolve) => setImmediate(resolve));
      expect(await gateway.metric('leeward_client_disconnects_total', 'surface="chat"')).toBe(1);
      expect(await gateway.metric('leeward_rejected_requests_total')).toBe(0);
      expect(gateway.gateway.app.inFlight()).toBe(0);
      expect(upstream.seen()).toBe(0);
    });
  });
});
