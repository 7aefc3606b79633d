import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { permission } from './admin-guard.ts';

const TOKEN = 'the-admin-token-of-a-test';
const sha256 = createHash('sha256').update(TOKEN).digest();

function call(headers: IncomingHttpHeaders, remoteAddress = '127.0.0.1'): IncomingMessage {
  return { headers: { host: 'localhost:9090', ...headers }, socket: { remoteAddress } } as IncomingMessage;
}

describe('without a token', () => {
  test.each([
    [{}, '127.0.0.1'],
    [{}, '::1'],
    [{}, '::ffff:127.0.0.1'],
    [{ host: '127.0.0.1:9090' }, '127.0.0.1'],
    [{ host: '[::1]:9090' }, '::1'],
    [{ host: 'LOCALHOST' }, '127.0.0.1'],
    [{ origin: 'http://localhost:9090', 'sec-fetch-site': 'same-origin' }, '127.0.0.1'],
  ])('this machine may: %j from %s', (headers, from) => {
    expect(permission(call(headers, from), undefined)).toEqual({ kind: 'granted', by: 'loopback' });
  });

  test.each([
    ['another machine', {}, '10.0.0.7'],
    ['nobody at all', {}, ''],
    ['a proxy on this machine', { 'x-forwarded-for': '10.0.0.7' }, '127.0.0.1'],
    ['a name that was made to lead here', { host: 'evil.example:9090' }, '127.0.0.1'],
    ['a name that only begins well', { host: '127.0.0.1.evil.example' }, '127.0.0.1'],
    ['another site’s page', { origin: 'https://evil.example' }, '127.0.0.1'],
    ['a page of another port', { origin: 'http://localhost:3000' }, '127.0.0.1'],
    ['a page without an origin', { origin: 'null' }, '127.0.0.1'],
    ['a browser that says so', { 'sec-fetch-site': 'cross-site' }, '127.0.0.1'],
    ['a neighbour of the same site', { 'sec-fetch-site': 'same-site' }, '127.0.0.1'],
  ])('%s may not', (_who, headers, from) => {
    expect(permission(call(headers, from), undefined)).toMatchObject({ kind: 'refused', status: 403 });
  });
});

describe('with a token', () => {
  test('whoever sends it may, from anywhere', () => {
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
      expect(permission(call({ authorization }, '10.0.0.7'), sha256)).toEqual({ kind: 'granted', by: 'token' });
    }
  });

  test.each([
    {},
    { authorization: TOKEN },
    { authorization: 'Bearer ' },
    { authorization: `Basic ${TOKEN}` },
    { authorization: `Bearer ${TOKEN}x` },
    { authorization: `Bearer ${'x'.repeat(100_000)}` },
  ])('nobody else may, not even this machine', (headers) => {
    expect(permission(call(headers), sha256)).toMatchObject({ kind: 'refused', status: 401 });
  });
});
