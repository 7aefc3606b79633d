import { createHash } from 'node:crypto';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { CLIENT_KEY, ENV, oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import { beginStream, CHAT_ANSWER, openUpstream, sayJson } from '../fixtures/open-upstream.ts';
import { rawClient, requestText } from '../fixtures/raw-client.ts';

const warnings: Error[] = [];
const onWarning = (warning: Error) => void warnings.push(warning);

afterEach(() => void process.off('warning', onWarning));

const auth = { authorization: `Bearer ${CLIENT_KEY}` };

async function settled(gateway: TestGateway): Promise<void> {
  while (gateway.gateway.app.inFlight() > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe('what the vendor alone knows', () => {
  test('reaches it with method, path, query and body unchanged, the key exchanged and our headers left out', async () => {
    await using upstream = await openUpstream((_request, response) =>
      sayJson(response, '{"ok":1}', 201, { server: 'kong', 'set-cookie': 'a=b', 'mistral-correlation-id': 'c' }),
    );
    await using gateway = await openGateway(oneProvider(`${upstream.url}/base`));
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob(['{"a":1}\n'.repeat(100)]), 'lines.jsonl');
    const response = await fetch(`${gateway.dataUrl}/mistral/v1/v1/files?x=%20y&z`, {
      method: 'POST',
      body: form,
      headers: {
        ...auth,
        'x-leeward-session': 's',
        cookie: 'c=1',
        'x-request-id': 'up-1',
        traceparent: 't',
        'x-own': 'kept',
      },
    });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ ok: 1 });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-request-id': 'up-1',
      'x-leeward-provider': 'mistral',
      'x-leeward-key': 'a',
      'mistral-correlation-id': 'c',
    });
    for (const name of ['set-cookie', 'server']) expect(response.headers.has(name)).toBe(false);
    const [received] = upstream.received;
    expect(received).toMatchObject({ method: 'POST', url: '/base/v1/files?x=%20y&z' });
    expect(received?.headers).toMatchObject({ authorization: `Bearer ${ENV.KEY_A}`, 'x-own': 'kept' });
    expect(received?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(received?.headers.host).toBe(new URL(upstream.url).host);
    expect(String(received?.bytes)).toContain('lines.jsonl');
    const names = Object.keys(received?.headers ?? {});
    expect(names.filter((name) => /^(x-leeward-|cookie|x-request-id|traceparent|x-forwarded)/.test(name))).toEqual([]);
    expect(await gateway.metric('leeward_requests_total', 'surface="passthrough"', 'status="201"')).toBe(1);
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'passthrough-answered', requestId: 'up-1' }));
  });

  test('never sees the client’s key, also when the client asks before it sends', async () => {
    await using upstream = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using gateway = await openGateway(oneProvider(upstream.url));
    using client = await rawClient(gateway.port);
    const headers = { 'x-api-key': CLIENT_KEY, expect: '100-continue', 'content-length': '5', te: 'trailers' };
    client.send(requestText('POST /v1/files', { headers }));
    await client.until('HTTP/1.1 100 Continue');
    client.send('hello');
    await client.until('HTTP/1.1 200 OK');
    const [received] = upstream.received;
    expect(received?.headers.authorization).toBe(`Bearer ${ENV.KEY_A}`);
    expect(JSON.stringify(received?.headers)).not.toContain(CLIENT_KEY);
    for (const name of ['expect', 'te']) expect(received?.headers).not.toHaveProperty(name);
    expect(String(received?.bytes)).toBe('hello');
  });

  test('takes a refusal’s status and body as they are, without another attempt', async () => {
    await using upstream = await openUpstream((_request, response) => sayJson(response, '{"detail":"no"}', 503));
    await using gateway = await openGateway(oneProvider(upstream.url));
    const response = await fetch(`${gateway.dataUrl}/v1/batch/jobs`, { headers: auth });
    expect([response.status, await response.text()]).toEqual([503, '{"detail":"no"}']);
    expect(upstream.seen()).toBe(1);
  });

  test('is not taken from a connection twice in vain: many requests on one leave nothing behind', async () => {
    process.on('warning', onWarning);
    await using upstream = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using gateway = await openGateway(oneProvider(upstream.url));
    using client = await rawClient(gateway.port);
    for (let number = 1; number <= 30; number++) {
      client.send(requestText('GET /v1/files', { headers: { ...auth, 'x-request-id': `n-${number}-` } }));
      await client.until(`n-${number}-`);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.map(({ message }) => message)).toEqual([]);
  });
});

describe('a body of any size', () => {
  test('goes up in the memory of a few buffers', async () => {
    const TOTAL = 128 * 1024 * 1024;
    const PIECE = Buffer.alloc(64 * 1024, 7);
    const hash = createHash('sha256');
    let said = 0;
    let heard = 0;
    let mostUnderway = 0;
    await using upstream = await openUpstream(
      () => undefined,
      (incoming, response) => {
        // Slower than the client, so that what is held back on the way shows.
        incoming.on('data', (bytes: Buffer) => {
          heard += bytes.length;
          hash.update(bytes);
          incoming.pause();
          setImmediate(() => incoming.resume());
        });
        incoming.on('end', () => sayJson(response, `{"size":${heard}}`));
        return true;
      },
    );
    await using gateway = await openGateway(oneProvider(upstream.url));
    function* pieces() {
      for (let sent = 0; sent < TOTAL; sent += PIECE.length) {
        said += PIECE.length;
        mostUnderway = Math.max(mostUnderway, said - heard);
        yield PIECE;
      }
    }
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest(`${gateway.dataUrl}/v1/files`, { method: 'POST', headers: auth }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      outgoing.on('error', reject);
      Readable.from(pieces(), { objectMode: false }).pipe(outgoing);
    });
    expect(answer).toBe(`{"size":${TOTAL}}`);
    const expected = createHash('sha256');
    for (let sent = 0; sent < TOTAL; sent += PIECE.length) expected.update(PIECE);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
    // The kernel's buffers of two connections and a few of ours; a body that is gathered would be all of the 128 MiB.
    expect(mostUnderway).toBeLessThan(32 * 1024 * 1024);
  });

  test('comes down event by event, as it is said', async () => {
    let said: ServerResponse | undefined;
    await using upstream = await openUpstream((_request, response) => {
      said = response;
      beginStream(response);
      response.write('data: event-1\n\n');
    });
    await using gateway = await openGateway(oneProvider(upstream.url));
    using client = await rawClient(gateway.port);
    client.send(requestText('POST /v1/conversations', { headers: auth, body: '{"stream":true}' }));
    for (let number = 1; number <= 5; number++) {
      await client.until(`event-${number}\n`);
      said?.write(`data: event-${number + 1}\n\n`);
    }
    said?.end();
    expect(await client.until('0\r\n\r\n')).toContain('transfer-encoding: chunked');
  });

  test('may still be on its way when the vendor is gone: the client gets a 502 and the next request is served', async () => {
    const upstream = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using gateway = await openGateway(oneProvider(upstream.url));
    await upstream[Symbol.asyncDispose]();
    const response = await fetch(`${gateway.dataUrl}/v1/files`, {
      method: 'POST',
      headers: auth,
      body: Buffer.alloc(8_000_000),
    });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'GW_UPSTREAM_FAILED', error: { type: 'server_error' } });
    const requestId = response.headers.get('x-request-id');
    expect(gateway.log.filter(({ event }) => event === 'request-refused')).toMatchObject([
      { requestId, code: 'GW_UPSTREAM_FAILED', reason: expect.stringMatching(/^E[A-Z]+$/) },
    ]);
    expect(await gateway.metric('leeward_rejected_requests_total', 'code="GW_UPSTREAM_FAILED"')).toBe(1);
    expect(await gateway.metric('leeward_requests_total', 'surface="passthrough"', 'status="502"')).toBe(1);
    expect((await fetch(`${gateway.dataUrl}/nowhere`, { headers: auth })).status).toBe(404);
  });
});

describe('an end before the end', () => {
  test('of the client’s takes the upstream’s with it, before the answer and within it', async () => {
    const asked: (() => void)[] = [];
    await using upstream = await openUpstream((request, response) => {
      for (const resolve of asked.splice(0)) resolve();
      if (request.url !== '/v1/talk') return;
      beginStream(response);
      response.write('data: begun\n\n');
    });
    await using gateway = await openGateway(oneProvider(upstream.url));
    for (const path of ['/v1/silent', '/v1/talk']) {
      const client = await rawClient(gateway.port);
      const isAsked = new Promise<void>((resolve) => asked.push(resolve));
      const aborted = upstream.nextAbort();
      client.send(requestText(`GET ${path}`, { headers: auth }));
      await isAsked;
      if (path === '/v1/talk') await client.until('begun');
      client.socket.resetAndDestroy();
      await aborted;
      await settled(gateway);
    }
    expect(await gateway.metric('leeward_client_disconnects_total', 'surface="passthrough"')).toBe(1);
    expect(await gateway.metric('leeward_rejected_requests_total')).toBe(0);
  });

  test('of the vendor’s within its answer is not made to look like a whole one', async () => {
    await using upstream = await openUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"half":', () => response.socket?.resetAndDestroy());
    });
    await using gateway = await openGateway(oneProvider(upstream.url));
    using client = await rawClient(gateway.port);
    client.send(requestText('GET /v1/files', { headers: auth }));
    const answer = await client.closed();
    expect(answer).toContain('half');
    expect(answer.endsWith('0\r\n\r\n')).toBe(false);
  });

  test('of a vendor that hangs up without a word is a 502', async () => {
    await using upstream = await openUpstream((_request, response) => void response.socket?.destroy());
    await using gateway = await openGateway(oneProvider(upstream.url));
    const response = await fetch(`${gateway.dataUrl}/v1/files`, { headers: auth });
    expect(response.status).toBe(502);
    expect(upstream.seen()).toBe(1);
  });
});

test('a key that the vendor rejected, or that is out of rotation, is passed over', async () => {
  await using upstream = await openUpstream((request, response) => {
    if (request.headers.authorization === `Bearer ${ENV.KEY_B}`) sayJson(response, '{"message":"no"}', 401);
    else sayJson(response, CHAT_ANSWER);
  });
  const keys = [
    { name: 'a', secret: 'env:KEY_A', weight: 0 },
    { name: 'b', secret: 'env:KEY_B' },
    { name: 'c', secret: 'env:KEY_C' },
  ];
  await using gateway = await openGateway({
    providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys } },
    routes: { '*': { pools: [[{ provider: 'mistral' }]] } },
  });
  const keyOf = async () =>
    (await fetch(`${gateway.dataUrl}/v1/files`, { headers: auth })).headers.get('x-leeward-key');
  expect(await keyOf()).toBe('b');
  const body = '{"model":"m","messages":[{"role":"user","content":"x"}]}';
  while (!gateway.log.some(({ event }) => event === 'key-quarantined')) {
    await (await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', headers: auth, body })).text();
  }
  expect(await keyOf()).toBe('c');
});

test('without a provider of Mistral’s dialect there is nothing to pass through to', async () => {
  await using upstream = await openUpstream((_request, response) => sayJson(response, '{}'));
  await using gateway = await openGateway({
    providers: { other: { dialect: 'openai', baseUrl: upstream.url, keys: [{ name: 'a', secret: 'env:KEY_A' }] } },
    routes: { m: { pools: [[{ provider: 'other' }]] } },
  });
  const response = await fetch(`${gateway.dataUrl}/v1/files`, { headers: auth });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'GW_UNKNOWN_PATH' });
  expect(upstream.seen()).toBe(0);
});
