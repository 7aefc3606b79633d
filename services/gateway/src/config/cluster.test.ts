/** The cluster's section: its secrets are references, shown to nobody, and a change of any waits for a restart. */
import { Secret } from '@leeward/kernel';
import { describe, expect, it } from 'vitest';
import { settingsJsonSchema } from './json-schema.ts';
import { type ConfigResult, loadConfig } from './load.ts';
import { needsRestart } from './needs-restart.ts';
import { problemText } from './problem.ts';
import { printable } from './redact.ts';

const PASSWORD = 'nats password of ours';
const SEED = `SU${'A'.repeat(56)}`;
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
const CREDENTIALS = [
  '-----BEGIN NATS USER JWT-----',
  'eyJ0.eyJq.c2ln',
  '------END NATS USER JWT------',
  '',
  '-----BEGIN USER NKEY SEED-----',
  SEED,
  '------END USER NKEY SEED------',
].join('\n');

const files: Readonly<Record<string, string>> = {
  '/nats/password': `${PASSWORD}\n`,
  '/nats/other-password': 'another',
  '/nats/creds': CREDENTIALS,
  '/nats/ca.pem': CERTIFICATE,
  '/nats/cert.pem': CERTIFICATE,
  '/nats/key.pem': KEY,
};

function load(nats: object, more: object = {}): Promise<ConfigResult> {
  const config = {
    auth: 'none',
    providers: {
      m: { dialect: 'mistral', baseUrl: 'http://127.0.0.1:1', keys: [{ name: 'a', secret: 'env:VENDOR' }] },
    },
    routes: { '*': { pools: [[{ provider: 'm' }]] } },
    cluster: { nats: { servers: ['nats://10.0.0.1', 'tls://nats.internal:4333'], ...nats }, ...more },
  };
  return loadConfig(
    { text: JSON.stringify(config) },
    {
      env: { VENDOR: 'vendor-secret', SEED, PASSWORD },
      readFile: (path) =>
        files[path] === undefined ? Promise.reject(new Error(path)) : Promise.resolve(Buffer.from(files[path])),
    },
  );
}

async function settingsOf(nats: object, more: object = {}) {
  const result = await load(nats, more);
  if (result.kind !== 'ok') throw new Error(result.problems.map(problemText).join('\n'));
  return result.settings;
}

async function problemsOf(nats: object, more: object = {}): Promise<string> {
  const result = await load(nats, more);
  return result.kind === 'refused' ? result.problems.map(problemText).join('\n') : '';
}

const EVERYTHING = {
  user: 'leeward',
  password: 'file:/nats/password',
  tls: { ca: 'file:/nats/ca.pem', cert: 'file:/nats/cert.pem', key: 'file:/nats/key.pem' },
};

describe('the cluster’s section', () => {
  it('needs no more than where NATS is', async () => {
    const { cluster } = await settingsOf({});
    expect(cluster?.name).toBe('main');
    expect(cluster?.nats.servers).toEqual([
      { hostname: '10.0.0.1', port: 4222, tls: false },
      { hostname: 'nats.internal', port: 4333, tls: true },
    ]);
    expect([cluster?.nats.password, cluster?.nats.tls]).toEqual([undefined, undefined]);
  });

  it('reads each secret from where it says, certificates of several lines among them', async () => {
    const { cluster } = await settingsOf(EVERYTHING, { name: 'prod' });
    expect(cluster?.nats.password?.reveal()).toBe(PASSWORD);
    expect(cluster?.nats.tls?.key?.reveal()).toBe(KEY.trimEnd());
    expect((await settingsOf({ nkeySeed: 'env:SEED' })).cluster?.nats.nkeySeed?.reveal()).toBe(SEED);
    const creds = (await settingsOf({ credentials: 'file:/nats/creds' })).cluster?.nats.credentials;
    expect(creds).toBeInstanceOf(Secret);
  });

  it('refuses TLS of nothing no more than TLS of everything', async () => {
    expect((await settingsOf({ tls: {} })).cluster?.nats.tls).toBeDefined();
  });

  it.each([
    ['password', { user: 'leeward', password: PASSWORD }],
    ['password', { user: 'leeward', password: 12_345_678 }],
    ['nkeySeed', { nkeySeed: SEED }],
    ['credentials', { credentials: CREDENTIALS }],
    ['tls.key', { tls: { cert: 'file:/nats/cert.pem', key: KEY } }],
  ])('refuses a %s that is written there, without repeating it', async (place, nats) => {
    const problems = await problemsOf(nats);
    expect(problems).toContain(`cluster.nats.${place}`);
    expect(problems).toContain('must not be written here');
    for (const secret of [PASSWORD, '12345678', SEED, 'eyJ0', 'c2VjcmV0']) expect(problems).not.toContain(secret);
  });

  it.each([
    ['a password without a user', { password: 'env:PASSWORD' }, 'both user and password'],
    ['two ways to log in', { ...EVERYTHING, nkeySeed: 'env:SEED' }, 'one way to log in'],
    ['a certificate without its key', { tls: { cert: 'file:/nats/cert.pem' } }, 'both cert and key'],
    ['a seed that is none', { nkeySeed: 'env:PASSWORD' }, 'the seed of a user'],
    ['a certificate that is none', { tls: { ca: 'env:PASSWORD' } }, 'a certificate in PEM'],
    ['a file that is not there', { credentials: 'file:/nats/nothing' }, 'cannot be read'],
    ['an empty reference', { credentials: null }, 'is missing'],
    ['no server', { servers: [] }, 'cluster.nats.servers'],
    ['a server with a password in it', { servers: ['nats://me:geheim@10.0.0.1'] }, 'keys of their own'],
    ['an unknown key', { jetstream: true }, 'jetstream'],
  ])('refuses %s', async (_what, nats, expected) => {
    const problems = await problemsOf(nats);
    expect(problems).toContain(expected);
    for (const secret of [PASSWORD, 'geheim', SEED]) expect(problems).not.toContain(secret);
  });

  it('refuses a name that would be several of a subject’s tokens', async () => {
    for (const name of ['a.b', '*', '>', '', 'a b']) expect(await problemsOf({}, { name })).toContain('cluster.name');
  });
});

describe('the printed cluster', () => {
  it('has the shape of the file, servers as they may be written and every secret redacted', async () => {
    const { cluster } = printable(await settingsOf(EVERYTHING, { name: 'prod' }));
    expect(JSON.parse(JSON.stringify(cluster))).toEqual({
      name: 'prod',
      nats: {
        servers: ['nats://10.0.0.1:4222', 'tls://nats.internal:4333'],
        user: 'leeward',
        password: '[redacted]',
        tls: { ca: '[redacted]', cert: '[redacted]', key: '[redacted]' },
      },
    });
  });

  it('holds none of its secrets, however it logs in', async () => {
    for (const nats of [EVERYTHING, { nkeySeed: 'env:SEED' }, { credentials: 'file:/nats/creds' }]) {
      const settings = await settingsOf(nats);
      const text = JSON.stringify(printable(settings)) + JSON.stringify(settings);
      for (const secret of [PASSWORD, SEED, 'eyJ0', 'TUlJ', 'c2VjcmV0']) expect(text).not.toContain(secret);
    }
  });

  it('is not there for a node that is alone', async () => {
    const { cluster: _, ...alone } = await settingsOf({});
    expect(printable(alone)).not.toHaveProperty('cluster');
  });
});

describe('a changed cluster', () => {
  it('waits for a restart, also when only a secret’s text has changed', async () => {
    const started = await settingsOf(EVERYTHING);
    expect(needsRestart(started, await settingsOf(EVERYTHING))).toEqual([]);
    const changes = [{ ...EVERYTHING, password: 'file:/nats/other-password' }, {}];
    for (const nats of changes) expect(needsRestart(started, await settingsOf(nats))).toEqual(['cluster']);
    const { cluster: _, ...alone } = started;
    expect(needsRestart(started, alone)).toEqual(['cluster']);
    expect(needsRestart(alone, started)).toEqual(['cluster']);
  });
});

describe('the schema for editors', () => {
  it('has each of the cluster’s secrets as a reference', () => {
    const nats = settingsJsonSchema().properties?.['cluster']?.properties?.['nats']?.properties;
    const tls = nats?.['tls']?.properties;
    const secrets = [
      nats?.['credentials'],
      nats?.['password'],
      nats?.['nkeySeed'],
      tls?.['ca'],
      tls?.['cert'],
      tls?.['key'],
    ];
    for (const secret of secrets) expect(secret).toMatchObject({ type: 'string', pattern: '^(env|file):.+$' });
  });
});
