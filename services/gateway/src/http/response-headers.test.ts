import { describe, expect, test } from 'vitest';
import { oneProvider, openGateway } from '../fixtures/open-gateway.ts';
import {
  answersChat,
  beginStream,
  CHAT_ANSWER,
  chatBody,
  DONE_EVENT,
  event,
  LAST_EVENT,
  openUpstream,
  sayJson,
} from '../fixtures/open-upstream.ts';

const PATH = '/v1/chat/completions';
const UPSTREAM_HEADERS = {
  'mistral-correlation-id': 'corr-1',
  'x-ratelimit-limit-req-minute': '720',
  'x-ratelimit-remaining-tokens-minute': '4999',
  'x-model-deprecation-timestamp': '2027-01-01T00:00:00Z',
  'set-cookie': 'session=1',
  'x-envoy-upstream-service-time': '5',
  'keep-alive': 'timeout=5',
  'x-request-id': 'the-vendors-own',
  server: 'kong',
  via: '1.1 kong',
};

function config(urls: readonly string[], more: object = {}): object {
  const secrets = ['env:KEY_A', 'env:KEY_B'];
  const providers = urls.map((baseUrl, index) => {
    return [`p${index}`, { dialect: 'mistral', baseUrl, keys: [{ name: `k${index}`, secret: secrets[index] }] }];
  });
  const pools = urls.map((_url, index) => [{ provider: `p${index}` }]);
  return {
    providers: Object.fromEntries(providers),
    routes: { '*': { pools, retries: { maxAttempts: 2, backoffMs: 1 } } },
    auth: 'none',
    ...more,
  };
}

describe('the headers of an answer', () => {
  test.each([{}, { stream: true }])(
    'say who served it, and pass on what is the client’s of the upstream’s: %j',
    async (more) => {
      await using upstream = await openUpstream((request, response) => {
        if (!request.bytes.includes('stream')) sayJson(response, CHAT_ANSWER, 200, UPSTREAM_HEADERS);
        else {
          beginStream(response, UPSTREAM_HEADERS);
          response.end(event('x') + LAST_EVENT + DONE_EVENT);
        }
      });
      await using gateway = await openGateway(config([upstream.url]));
      const init = { method: 'POST', body: chatBody(more), headers: { 'x-request-id': 'mine-1' } };
      const response = await fetch(gateway.dataUrl + PATH, init);
      await response.arrayBuffer();
      const headers = Object.fromEntries(response.headers);
      expect(headers).toMatchObject({
        'x-request-id': 'mine-1',
        'x-leeward-provider': 'p0',
        'x-leeward-key': 'k0',
        'x-leeward-model': 'mistral-large-latest',
        'x-leeward-attempts': '1',
        'x-leeward-fallback': '0',
        'mistral-correlation-id': 'corr-1',
        'x-ratelimit-limit-req-minute': '720',
        'x-ratelimit-remaining-tokens-minute': '4999',
        'x-model-deprecation-timestamp': '2027-01-01T00:00:00Z',
      });
      for (const name of ['set-cookie', 'x-envoy-upstream-service-time', 'server', 'via']) {
        expect(headers).not.toHaveProperty(name);
      }
      expect(headers['keep-alive']).not.toBe('timeout=5');
      expect(JSON.stringify(headers)).not.toContain('vendor');
    },
  );

  test('hold nothing of an attempt that failed, and the refusal of all says who was asked last', async () => {
    const failing = {
      'mistral-correlation-id': 'of-the-failed',
      'x-ratelimit-limit-req-minute': '720',
      'retry-after': '7',
    };
    await using first = await openUpstream((_request, response) => sayJson(response, '{"message":"x"}', 500, failing));
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(config([first.url, second.url]));
    const served = await fetch(gateway.dataUrl + PATH, { method: 'POST', body: chatBody() });
    expect(served.status).toBe(200);
    expect(JSON.stringify([...served.headers])).not.toContain('of-the-failed');
    expect(served.headers.get('x-ratelimit-limit-req-minute')).toBeNull();
    expect(served.headers.get('retry-after')).toBeNull();

    const headers = { 'x-leeward-no-fallback': 'true' };
    const refused = await fetch(gateway.dataUrl + PATH, { method: 'POST', body: chatBody(), headers });
    expect(refused.status).toBeGreaterThanOrEqual(502);
    expect(JSON.stringify([...refused.headers])).not.toContain('of-the-failed');
    expect(refused.headers.get('x-request-id')).not.toBeNull();
  });

  test('survive a model whose name no header can carry', async () => {
    await using upstream = await openUpstream(answersChat);
    const routes = { plain: { pools: [[{ provider: 'p0', model: 'modèle 漢\n' }]] } };
    await using gateway = await openGateway(config([upstream.url], { routes }));
    for (const more of [{}, { stream: true }]) {
      const init = { method: 'POST', body: chatBody({ model: 'plain', ...more }) };
      const response = await fetch(gateway.dataUrl + PATH, init);
      expect(response.status).toBe(200);
      expect(decodeURIComponent(response.headers.get('x-leeward-model') ?? '')).toBe('modèle 漢\n');
      await response.arrayBuffer();
    }
  });
});

describe('a request id', () => {
  test.each(['abc-123', 'A.b:c/d+e=f@g_h', 'x'.repeat(128)])('of the client’s own is kept: %s', async (id) => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    for (const body of [chatBody(), 'not json']) {
      const response = await fetch(gateway.dataUrl + PATH, { method: 'POST', body, headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toBe(id);
      await response.arrayBuffer();
    }
    expect(gateway.log.filter(({ requestId }) => requestId === id)).toHaveLength(2);
  });

  test.each(['', 'has space', 'x'.repeat(129), '<script>', 'a,b', 'ü'])(
    'that is not presentable is replaced: %j',
    async (id) => {
      await using gateway = await openGateway(oneProvider('http://127.0.0.1:9', { auth: 'none' }));
      const init = { method: 'POST', body: 'x', headers: { 'x-request-id': id } };
      const response = await fetch(gateway.dataUrl + PATH, init);
      expect(response.headers.get('x-request-id')).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
    },
  );
});

describe('a refusal that time will mend', () => {
  test.each([
    ['429', 'in the body’s minute', {}, 1, 59],
    ['retry-after 0', 'when the vendor says at once', { 'retry-after': '0' }, 1, 59],
    ['retry-after 7', 'as the vendor says', { 'retry-after': '7' }, 6, 7],
    ['retry-after 3600', 'never beyond what clients bear', { 'retry-after': '3600' }, 59, 59],
  ])('says when to come back: %s', async (_what, _why, headers, least, most) => {
    const quota = JSON.stringify({
      object: 'error',
      message: 'Rate limit exceeded',
      type: 'rate_limited',
      code: '1300',
    });
    await using upstream = await openUpstream((_request, response) => sayJson(response, quota, 429, headers));
    const retries = { maxBackoffMs: 1, backoffMs: 1 };
    const routes = { '*': { pools: [[{ provider: 'p0' }]], retries } };
    await using gateway = await openGateway(config([upstream.url], { routes }));
    const response = await fetch(gateway.dataUrl + PATH, { method: 'POST', body: chatBody() });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ code: 'GW_QUOTA_EXHAUSTED', type: 'rate_limited' });
    const seconds = Number(response.headers.get('retry-after'));
    const ms = Number(response.headers.get('retry-after-ms'));
    expect(Number.isInteger(seconds) && Number.isInteger(ms)).toBe(true);
    expect(seconds).toBeGreaterThanOrEqual(least);
    expect(seconds).toBeLessThanOrEqual(most);
    expect(ms).toBeGreaterThan((seconds - 1) * 1000);
    expect(ms).toBeLessThanOrEqual(seconds * 1000);
  });
});
