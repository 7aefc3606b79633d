import { REDACTED, Secret } from '@leeward/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact } from './redaction.ts';

const SECRET_NAMES = [
  'authorization',
  'Authorization',
  'proxy-authorization',
  'x-api-key',
  'X-Api-Key',
  'apiKey',
  'api_key',
  'cookie',
  'set-cookie',
  'Cookies',
  'secret',
  'clientSecret',
  'client_secret',
  'key',
  'token',
  'accessToken',
  'refresh_token',
  'password',
  'passphrase',
  'credentials',
  'privateKey',
];

/** Recognisable anywhere in a line, and never part of anything else in it. */
const secretText = fc.stringMatching(/^[a-zA-Z0-9]{24,64}$/);

/** A value with the secret somewhere inside, as a field, in lists and in records. */
const holding = (name: string, secret: string): fc.Arbitrary<unknown> =>
  fc.constantFrom<unknown>(
    { [name]: secret },
    { [name]: [secret] },
    { [name]: { inner: secret } },
    { headers: { [name]: secret, accept: '*/*' } },
    { list: [{ [name]: secret }] },
    { a: { b: { c: { [name]: secret } } } },
    { request: Object.assign(new Error('refused'), { config: { headers: { [name]: secret } } }) },
  );

test('never shows what stands under the name of a secret, at any depth', () => {
  fc.assert(
    fc.property(
      fc
        .tuple(fc.constantFrom(...SECRET_NAMES), secretText)
        .chain(([name, secret]) => fc.tuple(holding(name, secret), fc.constant(secret))),
      ([value, secret]) => {
        const line = JSON.stringify(redact(Object.fromEntries(Object.entries(value ?? {}))));
        expect(line).not.toContain(secret);
      },
    ),
    { numRuns: 500 },
  );
});

test('never shows a bearer token in a message, a stack or a cause', () => {
  fc.assert(
    fc.property(secretText, (secret) => {
      const cause = new Error(`sent authorization: Bearer ${secret}`);
      const error = new Error(`GET https://api/v1/models?api_key=${secret}&page=2 failed`, { cause });
      expect(JSON.stringify(redact({ error, note: `bearer ${secret}` }))).not.toContain(secret);
    }),
  );
});

describe('redaction', () => {
  test('leaves what only sounds like a secret', () => {
    const fields = {
      keyName: 'w1-a',
      promptTokens: 12,
      tokens: 3,
      timeToFirstToken: 0.3,
      monkey: 'yes',
      requestId: 'r',
    };
    expect(redact(fields)).toEqual(fields);
  });

  test('lets a Secret say what it is', () => {
    expect(redact({ used: new Secret('abc'), list: [new Secret('abc')] })).toEqual({
      used: REDACTED,
      list: [REDACTED],
    });
  });

  test('shows of an error what it is, and nothing that a library hung on it', () => {
    const cause = Object.assign(new TypeError('no route to host'), { code: 'EHOSTUNREACH' });
    const error = Object.assign(new Error('attempt failed', { cause }), { response: { body: 'lorem ipsum' } });
    const { error: shown } = redact({ error });
    expect(shown).toMatchObject({
      type: 'Error',
      message: 'attempt failed',
      cause: { type: 'TypeError', code: 'EHOSTUNREACH' },
    });
    expect(JSON.stringify(shown)).not.toContain('lorem');
  });

  test('cuts what is too long, too deep, too many or circular', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const line = JSON.stringify(
      redact({
        body: 'x'.repeat(1_000_000),
        bytes: Buffer.alloc(1_000_000),
        list: Array.from({ length: 100_000 }, () => 1),
        record: Object.fromEntries(Array.from({ length: 100_000 }, (_item, index) => [`n${index}`, 1])),
        circular,
      }),
    );
    expect(line.length).toBeLessThan(6_000);
    expect(line).toContain('[1000000 bytes]');
  });
});
