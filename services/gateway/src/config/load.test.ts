import { createHash } from 'node:crypto';
import { Secret } from '@leeward/kernel';
import { describe, expect, it } from 'vitest';
import {
  but,
  GOOD,
  MISTAKES,
  PROVIDERS,
  routeWith,
  SECRET_A,
  SECRET_B,
  secretOf,
} from '../fixtures/config-mistakes.ts';
import { type ConfigResult, loadConfig } from './load.ts';
import { problemText } from './problem.ts';

const env = {
  KEY_A: SECRET_A,
  KEY_B: SECRET_B,
  EMPTY_KEY: '',
  TWO_LINES: 'sk-live\ninjected: yes',
  UMLAUT: 'schlüssel-geheim',
};

const files: Record<string, string | Buffer> = {
  '/secrets/good': `${SECRET_B}\n`,
  '/secrets/windows': `${SECRET_B}\r\n`,
  '/secrets/empty': '\n',
  '/secrets/large': Buffer.alloc(70_000, 'x'),
  '/secrets/two-lines': 'first-line-secret\nsecond-line-secret\n',
  '/secrets/umlaut': 'schlüssel-geheim',
  '/secrets/bell': 'sk-live\u0007bell',
};

async function readFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const content = files[path];
  if (content === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  return Buffer.from(content).subarray(0, maxBytes + 1);
}

function load(text: string): Promise<ConfigResult> {
  return loadConfig({ text }, { env, readFile });
}

async function settingsOf(text: string) {
  const result = await load(text);
  if (result.kind !== 'ok') throw new Error(result.problems.map(problemText).join('\n'));
  return result.settings;
}

async function problemsOf(text: string): Promise<string[]> {
  const result = await load(text);
  return result.kind === 'refused' ? result.problems.map(problemText) : [];
}

describe('a config with one mistake', () => {
  it.each(MISTAKES)('%s', async (_, text, ...expected) => {
    expect(await problemsOf(text)).toEqual(expected);
  });

  it('covers at least 25 kinds', () => {
    expect(MISTAKES.length).toBeGreaterThan(25);
  });

  it('is refused when the file is larger than a mebibyte', async () => {
    expect(await problemsOf(`${GOOD}#${'x'.repeat(1024 * 1024)}`)).toEqual([
      expect.stringMatching(/^\(config\) must be at most 1048576 bytes, is \d+ or more$/),
    ]);
  });

  it('is refused when it is not UTF-8', async () => {
    const result = await loadConfig(
      { path: '/config' },
      { env, readFile: async () => Buffer.from([0x61, 0x3a, 0xff]) },
    );
    expect(result).toMatchObject({ kind: 'refused', problems: [{ problem: 'must be UTF-8 text, is not' }] });
  });

  it('is refused when the file cannot be read', async () => {
    const result = await loadConfig({ path: '/nowhere' }, { env, readFile });
    expect(result).toMatchObject({
      kind: 'refused',
      problems: [{ problem: 'cannot be read: the file does not exist' }],
    });
  });
});

describe('a hostile document', () => {
  it('cannot grow by aliases of aliases', async () => {
    const bomb = Array.from(
      { length: 9 },
      (_, n) =>
        `l${n}: &l${n} [${Array(9)
          .fill(n === 0 ? '1' : `*l${n - 1}`)
          .join(', ')}]`,
    );
    expect(await problemsOf(bomb.join('\n'))).toEqual([
      expect.stringContaining('must use at most 100 aliases, uses more'),
    ]);
  });

  it('cannot refer to itself', async () => {
    expect(await problemsOf('limits: &a { inner: *a }')).toEqual([
      expect.stringContaining('must be nested at most 32 deep'),
    ]);
  });

  it('cannot be nested without end', async () => {
    expect(await problemsOf(`a: ${'['.repeat(40)}${']'.repeat(40)}`)).toEqual([
      expect.stringContaining('at most 32 deep'),
    ]);
    expect(await problemsOf('['.repeat(20_000))).not.toEqual([]);
  });

  it('cannot have values without end', async () => {
    expect(await problemsOf(`a: [${'1,'.repeat(100_001)}]`)).toEqual([
      expect.stringContaining('at most 100000 values'),
    ]);
  });

  it('is told at most a hundred problems', async () => {
    const result = await load(Array.from({ length: 500 }, (_, n) => `unknown${n}: 1`).join('\n'));
    expect(result.kind === 'refused' && result.problems).toHaveLength(101);
  });

  it('cannot reach the prototype by a name', async () => {
    const settings = await settingsOf(GOOD);
    expect(settings.routes['constructor']).toBeUndefined();
    expect(settings.providers['toString']).toBeUndefined();
    expect(await problemsOf(`${GOOD}__proto__: { limits: 1 }`)).toEqual([
      expect.stringContaining('__proto__ is not a known key'),
    ]);
  });
});

describe('several mistakes', () => {
  it('are all told, in the order of their lines', async () => {
    const text = `listen: { data: 0.0.0.0:8080, admn: x }
providers:
  mistral: { dialect: mistrl, baseUrl: https://m, keys: [{ name: a, secret: env:NOT_SET, weight: 2000 }] }
routes:
  "*": { pools: [[{ provider: nobody }]], recovery: never }
limits: { inFlight: 0 }
`;
    expect(await problemsOf(text)).toEqual([
      'line 1: listen.admn is not a known key; did you mean admin?',
      'line 3: providers.mistral.dialect must be mistral or openai, is "mistrl"',
      'line 3: providers.mistral.keys[0].weight must be at most 1000, is 2000',
      'line 3: providers.mistral.keys[0].secret cannot be read: the environment variable NOT_SET is not set',
      'line 5: routes["*"].recovery must be resume or error, is "never"',
      'line 6: limits.inFlight must be at least 1, is 0',
    ]);
  });
});

describe('secrets that are not there', () => {
  it('are each told once, a certificate for clients and one for NATS too', async () => {
    const pair = 'cert: file:/none/crt, key: file:/none/key';
    const text = `${GOOD}listen: { adminTls: { ${pair}, clientCa: file:/none/ca } }
admin: { token: env:NO_TOKEN }
cluster: { nats: { servers: [nats://n], nkeySeed: env:NO_SEED, tls: { ca: file:/none/ca } } }
`;
    const problems = await problemsOf(text);
    expect(problems.map((problem) => /^line \d+: (\S+) cannot be read: /.exec(problem)?.[1] ?? problem)).toEqual([
      'listen.adminTls.cert',
      'listen.adminTls.key',
      'listen.adminTls.clientCa',
      'admin.token',
      'cluster.nats.nkeySeed',
      'cluster.nats.tls.ca',
    ]);
  });

  it('hide no mistake, however many they are', async () => {
    const keys = Array.from({ length: 150 }, (_, at) => `{ name: k${at}, secret: env:NO_${at} }`);
    const provider = `{ dialect: mistral, baseUrl: "https://m", keys: [${keys.join(', ')}] }`;
    const problems = await problemsOf(
      `providers: { m: ${provider} }\nroutes: { "*": { pools: [[{ provider: nobody }]] } }\n`,
    );
    expect(problems).toHaveLength(101);
    expect(problems.at(-2)).toContain('must be one of the providers');
    expect(problems.at(-1)).toBe('(config) has 51 more like these');
  });
});

describe('a good config', () => {
  it('has every default, and is frozen all the way down', async () => {
    const settings = await settingsOf(GOOD);
    expect(settings.listen).toEqual({
      data: { host: '127.0.0.1', port: 8080 },
      admin: { host: '127.0.0.1', port: 9090 },
    });
    expect(settings.auth).toEqual({ kind: 'none' });
    expect(settings.limits).toEqual({
      bodyBytes: 33_554_432,
      headerBytes: 16_384,
      headersMs: 10_000,
      requestMs: 60_000,
      connections: 20_000,
      inFlight: 10_000,
      answerBytes: 67_108_864,
      keepAliveMs: 75_000,
      drainMs: 310_000,
    });
    expect(settings.routes['*']?.timeouts.totalMs).toBe(300_000);
    const { providers } = settings;
    for (const part of [
      settings,
      providers,
      providers['mistral']?.keys,
      providers['mistral']?.keys[0],
      settings.routes['*']?.pools[0],
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('holds provider keys as secrets and client keys as hashes only', async () => {
    const settings = await settingsOf(
      `${but('env:KEY_B', 'file:/secrets/good')}auth: { clientKeys: [{ name: shop, secret: env:KEY_A }] }\nlisten: { data: "[::]:0" }\n`,
    );
    const key = settings.providers['mistral']?.keys[1];
    expect(key?.secret).toBeInstanceOf(Secret);
    expect(key?.secret.reveal()).toBe(SECRET_B);
    const sha256 = createHash('sha256').update(SECRET_A).digest();
    expect(settings.auth).toEqual({ kind: 'client-keys', keys: [{ name: 'shop', sha256 }] });
    expect(settings.listen.data).toEqual({ host: '::', port: 0 });
  });

  it('drops one line break at the end of a secret file, of either kind', async () => {
    for (const file of ['good', 'windows']) {
      const settings = await settingsOf(secretOf(`file:/secrets/${file}`));
      expect(settings.providers['mistral']?.keys[1]?.secret.reveal()).toBe(SECRET_B);
    }
  });

  it('may be JSON, and may share parts by aliases', async () => {
    expect(
      await problemsOf(
        JSON.stringify(
          {
            providers: {
              m: { dialect: 'mistral', baseUrl: 'http://127.0.0.1:1/v1/', keys: [{ name: 'a', secret: 'env:KEY_A' }] },
            },
            routes: { a: { pools: [[{ provider: 'm' }]] } },
          },
          null,
          '\t',
        ),
      ),
    ).toEqual([]);
    const shared = `${PROVIDERS}routes:\n  a: &route { pools: [[{ provider: mistral }]] }\n  b: *route\n`;
    expect((await settingsOf(shared)).routes['b']?.pools).toEqual([[{ provider: 'mistral', weight: 1 }]]);
  });

  it('may fix the model of the wildcard route', async () => {
    const settings = await settingsOf(but('provider: mistral }', 'provider: mistral, model: mistral-small-latest }'));
    expect(settings.routes['*']?.pools[0]?.[0]?.model).toBe('mistral-small-latest');
  });

  it('may shorten totalMs without touching the default waits', async () => {
    expect(await problemsOf(routeWith('timeouts: { totalMs: 1000 }'))).toEqual([]);
  });

  it('may be open to all when that is said aloud, and needs nothing said on loopback', async () => {
    expect(await problemsOf(`${GOOD}listen: { data: "0.0.0.0:8080" }\nauth: none\n`)).toEqual([]);
    for (const host of ['localhost', '127.9.9.9', '[::1]']) {
      expect(await problemsOf(`${GOOD}listen: { data: "${host}:0", admin: "${host}:0" }\n`)).toEqual([]);
    }
  });

  it('takes a collector header by reference, spaces included', async () => {
    const text = `${GOOD}telemetry: { otlp: { endpoint: "http://c:4318", headers: { authorization: env:TOKEN, x-tenant: blue } } }\n`;
    const result = await loadConfig({ text }, { env: { ...env, TOKEN: 'Bearer abc' }, readFile });
    expect(result.kind === 'ok' && result.settings.telemetry.otlp?.headers).toEqual({
      authorization: 'Bearer abc',
      'x-tenant': 'blue',
    });
  });

  it('is warned of what works but may not be meant', async () => {
    const text = `${but('    keys:', '    quotaGroups: { workspace-1: {} }\n    keys:').replace('env:KEY_B', 'env:KEY_A, quotaGroup: workspace-2')}limits: { drainMs: 1000 }\n`;
    const result = await load(text);
    expect(result.kind === 'ok' && result.warnings.map(problemText)).toEqual([
      "line 8: providers.mistral.keys[1].secret is the same as providers.mistral.keys[0]'s; the same key twice adds no quota",
      'line 8: providers.mistral.keys[1].quotaGroup is "workspace-2", which is not among quotaGroups ("workspace-1"), so its limits are learned from response headers; did you mean "workspace-1"?',
      'line 10: routes["*"].timeouts.totalMs is 300000, longer than limits.drainMs (1000): a rollout may cut streams of this route',
    ]);
  });

  it('has the same fingerprint for the same bytes, and another when a secret file changes', async () => {
    const text = secretOf('file:/secrets/good');
    const first = await settingsOf(text);
    expect((await settingsOf(text)).fingerprint).toBe(first.fingerprint);
    const changed = async () => Buffer.from('another-secret');
    const second = await loadConfig({ text }, { env, readFile: changed });
    expect(second.kind === 'ok' && second.settings.fingerprint).not.toBe(first.fingerprint);
  });
});
