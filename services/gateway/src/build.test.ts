import { describe, expect, test } from 'vitest';
import { ENV, oneProvider, openGateway, type TestGateway } from './fixtures/open-gateway.ts';
import {
  answersChat,
  beginStream,
  chatBody,
  DONE_EVENT,
  event,
  LAST_EVENT,
  openUpstream,
  sayJson,
} from './fixtures/open-upstream.ts';
import { rawClient, requestText } from './fixtures/raw-client.ts';

const OPEN = { auth: 'none' };
const PATH = '/v1/chat/completions';

function ask(gateway: TestGateway, more: object = {}): Promise<Response> {
  return fetch(gateway.dataUrl + PATH, { method: 'POST', body: chatBody(more) });
}

async function breakersOf(gateway: TestGateway): Promise<string[]> {
  const body = (await (await fetch(`${gateway.adminUrl}/admin/targets`)).json()) as {
    targets: { id: string; state: string }[];
  };
  return body.targets.map(({ id, state }) => `${id} ${state}`).sort();
}

describe('a full node', () => {
  test('refuses the next request at once, with the time to come back, and takes one again when there is room', async () => {
    await using upstream = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('begun'));
    });
    await using gateway = await openGateway(oneProvider(upstream.url, { ...OPEN, limits: { inFlight: 2 } }));
    const clients = await Promise.all([rawClient(gateway.port), rawClient(gateway.port)]);
    for (const client of clients) client.send(requestText(`POST ${PATH}`, { body: chatBody({ stream: true }) }));
    await Promise.all(clients.map((client) => client.until('begun')));
    const refused = await ask(gateway);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'GW_OVERLOADED' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('retry-after-ms')).toBe('1000');
    expect(upstream.seen()).toBe(2);
    for (const client of clients) client[Symbol.dispose]();
    while (gateway.gateway.app.inFlight() > 0) await new Promise((resolve) => setImmediate(resolve));
    using again = await rawClient(gateway.port);
    again.send(requestText(`POST ${PATH}`, { body: chatBody({ stream: true }) }));
    await again.until('begun');
  });
});

describe('a new config', () => {
  test('is taken over under a running stream, which ends as it began', async () => {
    let say: (text: string, last?: boolean) => void = () => undefined;
    await using before = await openUpstream((_request, response) => {
      beginStream(response);
      say = (text, last = false) => {
        response.write(event(text));
        if (last) response.end(LAST_EVENT + DONE_EVENT);
      };
      say('begun');
    });
    await using after = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(before.url, OPEN));
    using client = await rawClient(gateway.port);
    client.send(requestText(`POST ${PATH}`, { body: chatBody({ stream: true }) }));
    await client.until('begun');
    await gateway.reload(oneProvider(after.url, OPEN));
    expect((await ask(gateway)).status).toBe(200);
    expect(after.seen()).toBe(1);
    say('still the old one', true);
    await client.until('[DONE]');
    expect(client.heard()).toContain('still the old one');
    expect(before.seen()).toBe(1);
  });

  test('leaves a request that began before it its other attempts', async () => {
    const asked = Promise.withResolvers<void>();
    let fail = () => undefined as void;
    await using before = await openUpstream((request, response, number) => {
      if (number > 1) {
        answersChat(request, response, number);
        return;
      }
      fail = () => sayJson(response, '{"message":"x"}', 500);
      asked.resolve();
    });
    await using after = await openUpstream(answersChat);
    const keys = [
      { name: 'a', secret: 'env:KEY_A' },
      { name: 'b', secret: 'env:KEY_B' },
    ];
    const config = (baseUrl: string) => ({
      providers: { mistral: { dialect: 'mistral', baseUrl, keys } },
      routes: { '*': { pools: [[{ provider: 'mistral' }]] } },
      ...OPEN,
    });
    await using gateway = await openGateway(config(before.url));
    const answer = ask(gateway);
    await asked.promise;
    await gateway.reload(config(after.url));
    await gateway.reload({ ...config(after.url), limits: { inFlight: 77 } });
    // Time for the old sockets to be closed, were they.
    await new Promise((resolve) => setImmediate(resolve));
    fail();
    const response = await answer;
    expect([response.status, response.headers.get('x-leeward-attempts')]).toEqual([200, '2']);
    expect(before.seen()).toBe(2);
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test.each(['m', '*'])(
    'keeps what was learned of an unchanged provider, and forgets it of a changed one: route %s',
    async (route) => {
      await using upstream = await openUpstream((_request, response) => sayJson(response, '{"message":"x"}', 500));
      const config = (weight: number, connections: number) => ({
        providers: {
          mistral: {
            dialect: 'mistral',
            baseUrl: upstream.url,
            connections,
            breaker: { consecutiveFaults: 1, probeAfterMs: 60_000 },
            keys: [{ name: 'a', secret: 'env:KEY_A' }],
          },
        },
        routes: { [route]: { pools: [[{ provider: 'mistral', weight }]] } },
        ...OPEN,
      });
      await using gateway = await openGateway(config(1, 100));
      await (await ask(gateway, { model: 'm' })).arrayBuffer();
      expect(await breakersOf(gateway)).toEqual(['mistral/a/m breaker-open']);
      await gateway.reload(config(2, 100));
      expect(await breakersOf(gateway)).toEqual(['mistral/a/m breaker-open']);
      await gateway.reload(config(2, 101));
      expect(await breakersOf(gateway)).toEqual(['mistral/a/m available']);
    },
  );

  test('exchanges keys, client keys, limits and the log’s level', async () => {
    await using upstream = await openUpstream(answersChat);
    const config = (secret: string, client: string, more: object) => ({
      ...oneProvider(upstream.url),
      providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys: [{ name: 'a', secret }] } },
      auth: { clientKeys: [{ name: 'c', secret: client }] },
      ...more,
    });
    const asked = async (key: string) => {
      const init = { method: 'POST', body: chatBody(), headers: { authorization: `Bearer ${key}` } };
      const response = await fetch(gateway.dataUrl + PATH, init);
      await response.arrayBuffer();
      return response.status;
    };
    await using gateway = await openGateway(config('env:KEY_A', 'env:CLIENT', {}));
    expect(await asked(ENV.CLIENT)).toBe(200);
    const logged = gateway.log.length;
    const more = { limits: { bodyBytes: 1024 }, telemetry: { logLevel: 'error' } };
    await gateway.reload(config('env:KEY_B', 'env:KEY_C', more));
    expect([await asked(ENV.CLIENT), await asked(ENV.KEY_C)]).toEqual([401, 200]);
    expect(upstream.received.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${ENV.KEY_A}`,
      `Bearer ${ENV.KEY_B}`,
    ]);
    const init = { method: 'POST', body: chatBody().padEnd(1025), headers: { 'x-api-key': ENV.KEY_C } };
    expect((await fetch(gateway.dataUrl + PATH, init)).status).toBe(413);
    expect(gateway.gateway.limits().bodyBytes).toBe(1024);
    expect(gateway.log).toHaveLength(logged);
  });
});

describe('a wildcard', () => {
  test('keeps state and labels of a bounded number of the names that clients make up', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { ...OPEN, telemetry: { logLevel: 'error' } }));
    for (let start = 0; start < 1000; start += 50) {
      const names = Array.from({ length: 50 }, (_, index) => `made-up-${start + index}`);
      const statuses = names.map(async (model) => {
        const response = await ask(gateway, { model });
        await response.arrayBuffer();
        return response.status;
      });
      expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
    }
    expect(await breakersOf(gateway)).toHaveLength(256);
    const { body } = await gateway.gateway.metrics.text(undefined);
    expect(body).not.toContain('made-up');
    expect(await gateway.metric('leeward_attempts_total', 'model="other"', 'outcome="ok"')).toBe(1000);
    expect(await gateway.metric('leeward_requests_total', 'route="*"')).toBe(1000);
  });
});
