import { describe, expect, test } from 'vitest';
import { CLIENT_KEY, ENV, oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import { answersChat, chatBody, openUpstream, sayJson } from '../fixtures/open-upstream.ts';

/** Any secret of the environment will do. */
const WITH_TOKEN = { admin: { token: 'env:CLIENT' } };
const TOKEN = ENV.CLIENT;

const TARGET = 'mistral/a/mistral-large-latest';
const ROUTES = { routes: { 'mistral-large-latest': { pools: [[{ provider: 'mistral' }]] } } };

async function post(gateway: TestGateway, path: string, body: object | string, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.adminUrl + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return [response.status, await response.json()] as const;
}

async function stateOf(gateway: TestGateway): Promise<unknown> {
  const { targets } = (await (await fetch(`${gateway.adminUrl}/admin/targets`)).json()) as { targets: object[] };
  return targets.map((target) => ('state' in target ? target.state : undefined));
}

describe('a target', () => {
  test('is drained by hand and brought back, stays drained through a reload, and the log says who did it', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, ROUTES));
    const drained = { target: TARGET, drain: true };
    expect(await post(gateway, '/admin/targets/drain', drained)).toEqual([200, drained]);
    expect(await stateOf(gateway)).toEqual(['draining']);
    await gateway.reload(oneProvider(upstream.url, { ...ROUTES, limits: { inFlight: 7 } }));
    await gateway.reload(oneProvider('http://127.0.0.1:9', ROUTES));
    expect(await stateOf(gateway)).toEqual(['draining']);
    const refused = await fetch(`${gateway.dataUrl}/v1/chat/completions`, {
      method: 'POST',
      body: chatBody(),
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
    });
    expect(refused.status).toBe(503);
    expect(await post(gateway, '/admin/targets/drain', { target: TARGET, drain: false })).toMatchObject([200, {}]);
    expect(await stateOf(gateway)).toEqual(['available']);
    expect(gateway.log.filter(({ event }) => event === 'admin-action-taken')).toMatchObject([
      { level: 'warn', path: '/admin/targets/drain', ...drained, by: 'loopback', from: '127.0.0.1', status: 200 },
      { drain: false },
    ]);
  });

  test('that is not there, and a body that says something else, are refused in words', async () => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9', ROUTES));
    const drain = (body: object | string) => post(gateway, '/admin/targets/drain', body);
    expect(await drain({ target: 'none', drain: true })).toEqual([404, { error: 'There is no such target.' }]);
    expect(await drain({ target: TARGET })).toMatchObject([400, { error: expect.stringContaining('drain: ') }]);
    expect(await drain({ target: TARGET, drain: true, more: 1 })).toMatchObject([400, {}]);
    expect(await drain('{')).toEqual([400, { error: 'The body is not JSON that fits here.' }]);
    expect(await drain(JSON.stringify({ target: 'x'.repeat(10_000), drain: true }))).toMatchObject([413, {}]);
    expect(await stateOf(gateway)).toEqual(['available']);
  });
});

describe('the node', () => {
  test('is drained and brought back, until it ends', async () => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9'));
    const ready = async () => (await fetch(`${gateway.adminUrl}/healthz/ready`)).status;
    await post(gateway, '/admin/drain', { drain: true });
    expect(await ready()).toBe(503);
    expect(await post(gateway, '/admin/drain', { drain: false })).toEqual([202, { status: 'ready', inFlight: 0 }]);
    expect(await ready()).toBe(200);
    // curl's word for a body of which it was told nothing.
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await post(gateway, '/admin/drain', { drain: false }, form)).toMatchObject([202, { status: 'ready' }]);
    expect(await post(gateway, '/admin/drain', 'drain=false', form)).toMatchObject([400, {}]);
    expect(await ready()).toBe(200);
    gateway.gateway.drainForGood();
    expect(await post(gateway, '/admin/drain', { drain: false })).toMatchObject([409, {}]);
    expect(await ready()).toBe(503);
  });
});

describe('a key', () => {
  test('is tested at the vendor’s, and nothing of its secret is told', async () => {
    await using upstream = await openUpstream((request, response, number) => {
      if (request.url === '/v1/models') sayJson(response, '{"data":[{"id":"mistral-large-latest"}]}');
      else answersChat(request, response, number);
    });
    await using gateway = await openGateway(oneProvider(upstream.url, ROUTES));
    const [status, report] = await post(gateway, '/admin/keys/test', { provider: 'mistral', key: 'a' });
    expect([status, report]).toMatchObject([
      200,
      { state: 'valid', models: { count: 1 }, latency: { model: 'mistral-large-latest', requests: 3, succeeded: 3 } },
    ]);
    expect(JSON.stringify([report, gateway.log])).not.toContain(ENV.KEY_A);
    for (const unknown of [
      { provider: 'mistral', key: 'b' },
      { provider: 'constructor', key: 'a' },
    ]) {
      expect(await post(gateway, '/admin/keys/test', unknown)).toEqual([404, { error: 'There is no such key.' }]);
    }
  });
});

describe('who may', () => {
  const CALLS = ['/admin/drain', '/admin/targets/drain', '/admin/keys/test'] as const;

  test.each(CALLS)('%s is refused to the page of another site, and the log says so', async (path) => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9', ROUTES));
    expect(await post(gateway, path, {}, { origin: 'https://evil.example' })).toMatchObject([403, {}]);
    expect((await fetch(`${gateway.adminUrl}/healthz/ready`)).status).toBe(200);
    expect(gateway.log).toContainEqual(expect.objectContaining({ event: 'admin-action-refused', path, status: 403 }));
  });

  test.each(CALLS)('%s needs the token where one is configured, and nothing else is asked first', async (path) => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9', { ...ROUTES, ...WITH_TOKEN }));
    expect(await post(gateway, path, '{')).toMatchObject([401, {}]);
    const wrong = { authorization: 'Bearer not-the-admin-token' };
    expect(await post(gateway, path, {}, wrong)).toMatchObject([401, {}]);
    const [status] = await post(gateway, path, { drain: 1 }, { authorization: `Bearer ${TOKEN}` });
    expect(status).toBe(400);
    expect(JSON.stringify(gateway.log)).not.toContain(TOKEN);
  });

  test('a token that a reload brings is needed from then on, and what only reads never needs it', async () => {
    await using gateway = await openGateway(oneProvider('http://127.0.0.1:9', ROUTES));
    await gateway.reload(oneProvider('http://127.0.0.1:9', { ...ROUTES, ...WITH_TOKEN }));
    expect(await post(gateway, '/admin/drain', {})).toMatchObject([401, {}]);
    const config = await (await fetch(`${gateway.adminUrl}/admin/config`)).json();
    expect(config).toMatchObject({ admin: { token: '[redacted]' } });
  });
});

describe('the live view', () => {
  test('has what the page shows, and comes as events', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, ROUTES));
    const init = { method: 'POST', body: chatBody(), headers: { authorization: `Bearer ${CLIENT_KEY}` } };
    await (await fetch(`${gateway.dataUrl}/v1/chat/completions`, init)).arrayBuffer();
    const left = new AbortController();
    const response = await fetch(`${gateway.adminUrl}/admin/events`, { signal: left.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece as Uint8Array).toString();
      if (text.includes('event: view') && text.endsWith('\n\n')) break;
    }
    expect(text).toMatch(/^retry: 1000\n\nevent: view\ndata: /);
    expect(JSON.parse(text.slice(text.indexOf('data: ') + 6))).toMatchObject({
      about: { version: expect.any(String), workers: 1 },
      access: 'loopback',
      status: 'ready',
      inFlight: 0,
      targets: [{ id: TARGET, state: 'available', tally: { attempts: 1, failed: 0 } }],
      routes: [{ name: 'mistral-large-latest', picker: 'adaptive', pools: [[{ id: TARGET, weight: 1 }]] }],
      tallies: { 'mistral-large-latest': { requests: 1, failed: 0 } },
      decisions: [{ status: 200, attempts: [{ target: TARGET }] }],
      untold: 0,
      cluster: { self: null },
    });
    for (const secret of ['the prompt', 'the completion', ...Object.values(ENV)]) expect(text).not.toContain(secret);
  });
});
