import { TEST_ONLY_CERTIFICATE, TEST_ONLY_KEY } from '@leeward/testkit';
import { inspect } from 'node:util';
import { Secret } from '@leeward/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterOptions } from './bus-options.ts';
import { newIdentity, operatorSetup } from '../fixtures/nats-identities.ts';

const servers = ['nats://nats:4222'];
const parsed = (nats: object): ReturnType<typeof clusterOptions.safeParse> =>
  clusterOptions.safeParse({ nats: { servers, ...nats } });
const problems = (nats: object): string[] => parsed(nats).error?.issues.map(({ message }) => message) ?? [];
const serverOf = (text: string): unknown => parsed({ servers: [text] }).data?.nats.servers[0];

const certificate = new Secret(TEST_ONLY_CERTIFICATE.trim());
const key = new Secret(TEST_ONLY_KEY.trim());
const password = new Secret('p');
const nkeySeed = new Secret(newIdentity('user').seed);
const credentials = new Secret(operatorSetup().credentials);

describe('clusterOptions', () => {
  it('wants servers and nothing more', () => {
    expect(clusterOptions.parse({ nats: { servers } })).toEqual({
      nats: { servers: [{ hostname: 'nats', port: 4222, tls: false }] },
      name: 'main',
    });
    expect(parsed({ servers: [] }).success).toBe(false);
    expect(parsed({ servers: Array.from({ length: 33 }, () => 'nats://nats') }).success).toBe(false);
    expect(parsed({ server: 'nats://nats' }).success).toBe(false);
  });

  it.each([
    ['nats://nats', { hostname: 'nats', port: 4222, tls: false }],
    ['nats://nats.prod.svc:4223/', { hostname: 'nats.prod.svc', port: 4223, tls: false }],
    ['nats://nats:80', { hostname: 'nats', port: 80, tls: false }],
    ['tls://10.0.0.1:4222', { hostname: '10.0.0.1', port: 4222, tls: true }],
    ['tls://[fd00::1]', { hostname: 'fd00::1', port: 4222, tls: true }],
    ['nats://[fd00::1]:4333', { hostname: 'fd00::1', port: 4333, tls: false }],
  ])('reads the server %s', (text, server) => {
    expect(serverOf(text)).toEqual(server);
  });

  it.each([
    'nats',
    'nats:4222',
    'http://nats:4222',
    'ws://nats:4222',
    'nats://',
    'nats://nats:0',
    'nats://nats:65536',
    'nats://nats:port',
    'nats://na ts',
    'nats://nats/path',
    'nats://nats?x=1',
    'nats://fd00::1',
  ])('refuses the server %s', (text) => {
    expect(serverOf(text)).toBeUndefined();
  });

  it.each([
    [
      'as a bundle tells whose each is',
      `\n# An authority\n${TEST_ONLY_CERTIFICATE}\n# Another\n${TEST_ONLY_CERTIFICATE}`,
    ],
    ['with the line ends of Windows', TEST_ONLY_CERTIFICATE.replaceAll('\n', '\r\n')],
  ])('takes certificates %s', (_name, text) => {
    expect(problems({ servers: ['nats://nats'], tls: { ca: new Secret(text) } })).toEqual([]);
  });

  it('refuses a password in an address, without repeating it', () => {
    const [problem] = problems({ servers: ['nats://user:hunter2@nats:4222'] });
    expect(problem).toMatch(/must not hold a user or a password/);
    expect(problem).not.toContain('hunter2');
  });

  it('reads any text as a server or refuses it, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.string().map((text) => `nats://${text}`),
        ),
        (text) => {
          const server = serverOf(text);
          if (server !== undefined)
            expect(server).toMatchObject({ port: expect.any(Number), hostname: expect.stringMatching(/./) });
        },
      ),
    );
  });

  it.each([
    ['nothing', {}],
    ['a user and a password', { user: 'u', password }],
    ['a seed', { nkeySeed }],
    ['a .creds file', { credentials }],
    [
      'a .creds file with Windows’ line ends',
      { credentials: new Secret(credentials.reveal().replaceAll('\n', '\r\n')) },
    ],
  ])('takes %s to log in', (_way, login) => {
    expect(problems(login)).toEqual([]);
  });

  it('refuses half a login, and two at once', () => {
    for (const half of [{ user: 'u' }, { password }])
      expect(problems(half)).toEqual([expect.stringContaining('both user and password')]);
    for (const twice of [
      { nkeySeed, credentials },
      { nkeySeed, user: 'u', password },
      { credentials, user: 'u', password },
    ]) {
      expect(problems(twice)).toEqual([expect.stringContaining('one way to log in')]);
    }
  });

  it('refuses secrets of the wrong shape, and shows none of them', () => {
    const wrong = new Secret('-----BEGIN NOTHING');
    for (const login of [
      { nkeySeed: wrong },
      { credentials: wrong },
      { tls: { ca: wrong } },
      { tls: { cert: wrong, key } },
    ]) {
      const found = problems(login);
      expect(found).toHaveLength(1);
      expect(found.join()).not.toContain('NOTHING');
    }
    const account = new Secret(newIdentity('account').seed);
    expect(problems({ nkeySeed: account })).toHaveLength(1);
    for (const literal of ['nkeySeed', 'credentials', 'password'])
      expect(parsed({ [literal]: 'a literal' }).success).toBe(false);
  });

  it('wants both halves of a client’s certificate', () => {
    expect(problems({ tls: {} })).toEqual([]);
    expect(problems({ tls: { ca: certificate } })).toEqual([]);
    expect(problems({ tls: { cert: certificate, key } })).toEqual([]);
    for (const half of [{ cert: certificate }, { key }]) expect(problems({ tls: half })).toHaveLength(1);
  });

  it.each(['main', 'prod-eu', 'A1_b'])('takes the name %s', (name) => {
    expect(clusterOptions.safeParse({ nats: { servers }, name }).success).toBe(true);
  });

  it.each(['', 'a.b', 'a b', '*', '>', '-a', 'a'.repeat(64)])(
    'refuses the name "%s", which would be another subject',
    (name) => {
      expect(clusterOptions.safeParse({ nats: { servers }, name }).success).toBe(false);
    },
  );

  it('prints no secret', () => {
    const printed = inspect(clusterOptions.parse({ nats: { servers, user: 'u', password: new Secret('hunter2') } }), {
      depth: 9,
    });
    expect(printed).not.toContain('hunter2');
  });
});
