import { describe, expect, test } from 'vitest';
import { CLIENT_KEY, ENV, oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import {
  answersChat,
  beginStream,
  CHAT_ANSWER,
  chatBody,
  event,
  openUpstream,
  sayJson,
} from '../fixtures/open-upstream.ts';
import { rawClient, requestText } from '../fixtures/raw-client.ts';

const headers = { authorization: `Bearer ${CLIENT_KEY}` };

function ask(gateway: TestGateway, more: object = {}): Promise<Response> {
  return fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body: chatBody(more), headers });
}

describe('health', () => {
  test('is live and ready; a drain ends readiness, never life, and is logged once', async () => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9'));
    const status = async (path: string) => (await fetch(gateway.adminUrl + path)).status;
    expect([await status('/healthz/live'), await status('/healthz/ready')]).toEqual([200, 200]);
    expect((await fetch(`${gateway.adminUrl}/admin/drain`)).status).toBe(404);
    for (let time = 1; time <= 2; time++) {
      const drained = await fetch(`${gateway.adminUrl}/admin/drain`, { method: 'POST' });
      expect([drained.status, await drained.json()]).toEqual([202, { status: 'draining', inFlight: 0 }]);
    }
    expect([await status('/healthz/live'), await status('/healthz/ready')]).toEqual([200, 503]);
    expect(gateway.log.filter(({ event: name }) => name === 'drain-started')).toHaveLength(1);
  });

  test('counts what is in flight, and a draining node still answers but keeps no connection', async () => {
    await using upstream = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('begun'));
    });
    await using gateway = await openGateway(oneProvider(upstream.url));
    await fetch(`${gateway.adminUrl}/admin/drain`, { method: 'POST' });
    using client = await rawClient(gateway.port);
    client.send(requestText('POST /v1/chat/completions', { headers, body: chatBody({ stream: true }) }));
    const answer = await client.until('begun');
    expect(answer.toLowerCase()).toContain('connection: close');
    const ready = await fetch(`${gateway.adminUrl}/healthz/ready`);
    expect(await ready.json()).toEqual({ status: 'draining', degraded: [], inFlight: 1 });
    expect(await gateway.metric('leeward_in_flight_requests')).toBe(1);
  });

  test('keeps no connection for pass-through traffic either while it drains', async () => {
    await using upstream = await openUpstream((_request, response) => sayJson(response, '{}'));
    await using gateway = await openGateway(oneProvider(upstream.url));
    gateway.gateway.drain();
    const response = await fetch(`${gateway.dataUrl}/v1/files`, { headers });
    expect(response.headers.get('connection')).toBe('close');
  });
});

describe('metrics', () => {
  test('are written in the format that the scraper prefers', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url));
    await (await ask(gateway)).arrayBuffer();
    const plain = await fetch(`${gateway.adminUrl}/metrics`);
    const open = await fetch(`${gateway.adminUrl}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(open.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1/);
    const text = await plain.text();
    expect(text).toContain('leeward_requests_total{route="*",surface="chat",dialect="mistral",status="200"} 1\n');
    expect(await open.text()).toMatch(/\n# EOF\n$/);
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) leeward_\w+ .+|leeward_\w+(\{(\w+="[^"\n]*",?)*\})? [-+\d.eEInfNa]+)$/);
    }
    expect(text).not.toContain(CLIENT_KEY);
  });
});

describe('what an operator may see', () => {
  test('is each target with its breaker, and why it tripped', async () => {
    await using upstream = await openUpstream((_request, response) => sayJson(response, '{"message":"x"}', 500));
    const breaker = { consecutiveFaults: 2, probeAfterMs: 60_000 };
    const keys = [{ name: 'a', secret: 'env:KEY_A', quotaGroup: 'w1' }];
    await using gateway = await openGateway({
      providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys, breaker } },
      routes: { 'mistral-large-latest': { pools: [[{ provider: 'mistral' }]], retries: { maxAttempts: 2 } } },
    });
    await (await ask(gateway)).arrayBuffer();
    await (await ask(gateway)).arrayBuffer();
    const view: unknown = await (await fetch(`${gateway.adminUrl}/admin/targets`)).json();
    expect(view).toEqual({
      targets: [
        expect.objectContaining({
          id: 'mistral/a/mistral-large-latest',
          state: 'breaker-open',
          load: expect.any(Number),
          headroom: 1,
          quotaGroup: 'w1',
          lastOutcome: 'fault: status-5xx',
          breaker: expect.objectContaining({
            state: 'open',
            lastTrip: expect.objectContaining({ reason: 'consecutive-faults' }),
          }),
        }),
      ],
    });
    const labels = ['provider="mistral"', 'key="a"', 'model="mistral-large-latest"'];
    expect(await gateway.metric('leeward_breaker_state', ...labels)).toBe(2);
    expect(await gateway.metric('leeward_breaker_trips_total', ...labels, 'reason="consecutive-faults"')).toBe(1);
    expect(gateway.log).toContainEqual(
      expect.objectContaining({ event: 'breaker-opened', reason: 'consecutive-faults' }),
    );
  });

  test('is the config without a secret in it', async () => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9'));
    const text = await (await fetch(`${gateway.adminUrl}/admin/config`)).text();
    expect(JSON.parse(text)).toMatchObject({
      auth: { clientKeys: [{ name: 'checkout', secret: '[redacted]' }] },
      providers: { mistral: { keys: [{ name: 'a', secret: '[redacted]' }] } },
    });
    for (const secret of Object.values(ENV)) expect(text).not.toContain(secret);
  });

  test('is never kept by a cache, and nothing answers elsewhere', async () => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9'));
    for (const path of [
      '/healthz/live',
      '/metrics',
      '/admin/targets',
      '/admin/decisions',
      '/admin/config',
      '/admin/history',
      '/console',
      '/console/plain',
    ]) {
      const response = await fetch(gateway.adminUrl + path);
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(response.headers.has('x-powered-by')).toBe(false);
      await response.arrayBuffer();
    }
    for (const path of ['/admin', '/v1/models', '/%E0%A4%A', '/admin/../etc']) {
      const response = await fetch(gateway.adminUrl + path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ error: expect.stringContaining('This is the admin port: /console') });
    }
    const root = await fetch(`${gateway.adminUrl}/`, { redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/console']);
  });
});

describe('decisions', () => {
  test('tell of each exchange what was tried and why, the newest first, and nothing of what was said', async () => {
    let fails = true;
    await using upstream = await openUpstream((request, response, number) => {
      if (fails) sayJson(response, '{"message":"x"}', 500);
      else answersChat(request, response, number);
      fails = false;
    });
    const keys = [
      { name: 'a', secret: 'env:KEY_A' },
      { name: 'b', secret: 'env:KEY_B' },
    ];
    await using gateway = await openGateway({
      providers: { mistral: { dialect: 'mistral', baseUrl: upstream.url, keys } },
      routes: { '*': { pools: [[{ provider: 'mistral' }]] } },
    });
    await (await ask(gateway)).arrayBuffer();
    await (await ask(gateway, { stream: true })).arrayBuffer();
    const text = await (await fetch(`${gateway.adminUrl}/admin/decisions`)).text();
    const { decisions } = JSON.parse(text) as { decisions: { attempts: object[] }[] };
    expect(decisions).toHaveLength(2);
    const attempt = { pool: 0, candidates: expect.arrayContaining([expect.objectContaining({ state: 'available' })]) };
    expect(decisions).toMatchObject([
      { stream: true, status: 200, end: 'streamed', attempts: [{ ...attempt, cause: 'first', outcome: 'ok' }] },
      {
        stream: false,
        client: 'checkout',
        route: '*',
        model: 'mistral-large-latest',
        attempts: [
          { ...attempt, cause: 'first', status: 500, outcome: 'fault', reason: 'status-5xx' },
          { ...attempt, cause: 'sibling', status: 200, outcome: 'ok' },
        ],
      },
    ]);
    for (const secret of ['the prompt', 'the completion', ...Object.values(ENV)]) expect(text).not.toContain(secret);
  });

  test('are found by route, target, request and failure; a filter that is none is refused in words', async () => {
    await using upstream = await openUpstream(({ bytes }, response) => {
      if (bytes.includes('"bad"')) sayJson(response, '{"message":"x"}', 422);
      else sayJson(response, CHAT_ANSWER);
    });
    await using gateway = await openGateway(oneProvider(upstream.url));
    for (const [id, model] of [
      ['r-1', 'good'],
      ['r-2', 'bad'],
      ['r-3', 'good'],
    ] as const) {
      const init = { method: 'POST', body: chatBody({ model }), headers: { ...headers, 'x-request-id': id } };
      await (await fetch(`${gateway.dataUrl}/v1/chat/completions`, init)).arrayBuffer();
    }
    const found = async (query: string) => {
      const response = await fetch(`${gateway.adminUrl}/admin/decisions${query}`);
      expect(response.status).toBe(200);
      const { decisions } = (await response.json()) as { decisions: { requestId: string }[] };
      return decisions.map(({ requestId }) => requestId);
    };
    expect(await found('')).toEqual(['r-3', 'r-2', 'r-1']);
    expect(await found('?')).toEqual(['r-3', 'r-2', 'r-1']);
    expect(await found('?limit=1')).toEqual(['r-3']);
    expect(await found('?route=*&target=mistral/a/good')).toEqual(['r-3', 'r-1']);
    expect(await found('?target=mistral%2Fa%2Fbad')).toEqual(['r-2']);
    expect(await found('?failed=true')).toEqual(['r-2']);
    expect(await found('?request=r-1')).toEqual(['r-1']);
    expect(await found('?route=none')).toEqual([]);
    const refused = await fetch(`${gateway.adminUrl}/admin/decisions?limit=all`);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: 'limit: expected a whole number from 1 to 256, found "all".' },
    ]);
  });

  test('are shown to a person with everything that a client may choose made harmless', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url));
    await (await ask(gateway, { model: '<script>alert(1)</script>&"\'' })).arrayBuffer();
    const page = await fetch(`${gateway.adminUrl}/console/plain`);
    const html = await page.text();
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62;&#38;&#34;&#39;');
    expect(html).not.toMatch(/<script/i);
    expect(html).toContain('<span class="good">ready</span>');
    gateway.gateway.drain();
    expect(await (await fetch(`${gateway.adminUrl}/console/plain`)).text()).toContain('draining');
  });
});
