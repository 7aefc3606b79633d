import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CLIENT_KEY, ENV, oneProvider, openGateway } from '../fixtures/open-gateway.ts';
import { answersChat, chatBody, openUpstream } from '../fixtures/open-upstream.ts';
import { authenticator } from './client-keys.ts';

const hashed = (key: string) => createHash('sha256').update(key).digest();

describe('a client key', () => {
  const authenticate = authenticator({
    kind: 'client-keys',
    keys: [
      { name: 'checkout', sha256: hashed('key-1') },
      { name: 'search', sha256: hashed('key-2') },
    ],
  });

  test.each([
    ['as a bearer', { authorization: 'Bearer key-1' }, 'checkout'],
    ['whatever the case of the scheme, and with spaces around', { authorization: 'bearer  key-2 ' }, 'search'],
    ['as x-api-key', { 'x-api-key': 'key-2' }, 'search'],
    ['as x-api-key beside an empty bearer', { authorization: 'Bearer ', 'x-api-key': 'key-1' }, 'checkout'],
    ['as x-api-key beside another scheme', { authorization: 'Basic abc', 'x-api-key': 'key-1' }, 'checkout'],
    ['as a bearer before x-api-key', { authorization: 'Bearer key-1', 'x-api-key': 'wrong' }, 'checkout'],
  ])('is taken %s', (_how, headers, name) => {
    expect(authenticate(headers)).toBe(name);
  });

  test.each([
    ['is missing', {}],
    ['is empty', { authorization: 'Bearer ' }],
    ['is of another scheme', { authorization: 'Basic key-1' }],
    ['is unknown', { authorization: 'Bearer key-3' }],
    ['is a prefix of a known one', { authorization: 'Bearer key-' }],
    ['is longer than any key', { 'x-api-key': 'k'.repeat(1025) }],
  ])('is refused when it %s, without being repeated', (_why, headers) => {
    expect(() => authenticate(headers)).toThrow(expect.objectContaining({ code: 'GW_UNAUTHORIZED', status: 401 }));
    for (const value of Object.values(headers)) {
      expect(() => authenticate(headers)).not.toThrow(new RegExp(value.slice(7) || 'no text at all'));
    }
  });

  test('is not asked for when the config says none aloud', () => {
    expect(authenticator({ kind: 'none' })({})).toBe('anonymous');
  });
});

describe('at the data port', () => {
  test('a request without a known key is refused on every path, and costs no upstream call', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url));
    const requests: [string, RequestInit][] = [
      ['/v1/chat/completions', { method: 'POST', body: chatBody() }],
      ['/v1/models', {}],
      ['/v1/files', {}],
      ['/elsewhere', {}],
    ];
    for (const [path, init] of requests) {
      const response = await fetch(gateway.dataUrl + path, { ...init, headers: { authorization: 'Bearer wrong' } });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({
        object: 'error',
        code: 'GW_UNAUTHORIZED',
        error: { code: 'GW_UNAUTHORIZED', type: 'authentication_error' },
      });
      expect(response.headers.get('x-request-id')).not.toBeNull();
    }
    expect(upstream.seen()).toBe(0);
    expect(await gateway.metric('leeward_rejected_requests_total', 'code="GW_UNAUTHORIZED"')).toBe(4);
  });

  test('the client’s key never reaches the upstream, on the hot path or past it', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url));
    for (const headers of [{ authorization: `Bearer ${CLIENT_KEY}` }, { 'x-api-key': CLIENT_KEY }]) {
      for (const path of ['/v1/chat/completions', '/v1/agents/completions']) {
        const response = await fetch(gateway.dataUrl + path, { method: 'POST', body: chatBody(), headers });
        expect(response.status).toBe(200);
        expect(JSON.stringify([...response.headers]) + (await response.text())).not.toContain(ENV.KEY_A);
      }
    }
    expect(upstream.received).toHaveLength(4);
    for (const { headers, url } of upstream.received) {
      expect(headers.authorization).toBe(`Bearer ${ENV.KEY_A}`);
      expect(JSON.stringify(headers) + url).not.toContain(CLIENT_KEY);
    }
    expect(JSON.stringify(gateway.log)).not.toContain(CLIENT_KEY);
  });

  test('no key is needed where the config says so', async () => {
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    const response = await fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body: chatBody() });
    expect(response.status).toBe(200);
  });
});
