import { createHash } from 'node:crypto';
import { Secret } from '@leeward/kernel';
import { describe, expect, it } from 'vitest';
import { type ConfigResult, loadConfig } from './load.ts';
import { problemText } from './problem.ts';

const SECRET_A = 'sk-live-aaaaaaaaaaaaaaaa';
const SECRET_B = 'sk-live-bbbbbbbbbbbbbbbb';
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

const PROVIDERS = `providers:
  mistral:
    dialect: mistral
    baseUrl: https://api.mistral.ai
    keys:
      - { name: a, secret: env:KEY_A }
      - { name: b, secret: env:KEY_B }
`;
const ROUTES = `routes:
  "*": { pools: [[{ provider: mistral }]] }
`;
const GOOD = PROVIDERS + ROUTES;

/** The good config with one piece replaced; the piece must be in it. */
function but(piece: string, replacement: string): string {
  expect(GOOD).toContain(piece);
  return GOOD.replace(piece, () => replacement);
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

const keyWith = (rest: string) => but('{ name: b, secret: env:KEY_B }', `{ name: b, ${rest} }`);
const secretOf = (reference: string) => keyWith(`secret: ${reference}`);
const routeWith = (rest: string) =>
  but('{ pools: [[{ provider: mistral }]] }', `{ pools: [[{ provider: mistral }]], ${rest} }`);
const KEY_B = 'providers.mistral.keys[1]';

/** What is wrong, the config, and every line that must be told. */
const MISTAKES: readonly (readonly [string, string, ...string[]])[] = [
  [
    'a number above its bound',
    keyWith('secret: env:KEY_B, weight: 2000'),
    `line 7: ${KEY_B}.weight must be at most 1000, is 2000`,
  ],
  [
    'a number below its bound',
    keyWith('secret: env:KEY_B, weight: -1'),
    `line 7: ${KEY_B}.weight must be at least 0, is -1`,
  ],
  [
    'a fraction where whole numbers belong',
    keyWith('secret: env:KEY_B, maxInFlight: 1.5'),
    `line 7: ${KEY_B}.maxInFlight must be a whole number, is 1.5`,
  ],
  [
    'text where a number belongs',
    keyWith('secret: env:KEY_B, weight: heavy'),
    `line 7: ${KEY_B}.weight must be a number, is a text of 5 characters`,
  ],
  [
    'a number that is not one',
    keyWith('secret: env:KEY_B, weight: .nan'),
    `line 7: ${KEY_B}.weight must be a number, is NaN`,
  ],
  [
    'a mistyped key',
    keyWith('secret: env:KEY_B, wieght: 2'),
    `line 7: ${KEY_B}.wieght is not a known key; did you mean weight?`,
  ],
  [
    'a key in another spelling',
    but('baseUrl', 'base_url'),
    'line 2: providers.mistral.baseUrl is missing; must be text',
    'line 4: providers.mistral.base_url is not a known key; did you mean baseUrl?',
  ],
  [
    'a key that nothing is like',
    `${GOOD}cluster: { name: prod }\n`,
    'line 10: cluster is not a known key; known here are listen, auth, providers, routes, limits, telemetry',
  ],
  [
    'a key of no vocabulary',
    but('dialect: mistral', 'dialect: anthropc'),
    'line 3: providers.mistral.dialect must be mistral or openai, is "anthropc"',
  ],
  [
    'a missing key',
    but('    dialect: mistral\n', ''),
    'line 2: providers.mistral.dialect is missing; must be mistral or openai',
  ],
  ['a list where a mapping belongs', `${PROVIDERS}routes: []\n`, 'line 8: routes must be a mapping, is a list'],
  ['a section left empty', `${PROVIDERS}routes:\n`, 'line 8: routes must be a mapping, is empty'],
  [
    'no section at all',
    'limits: {}',
    'line 1: providers is missing; must be a mapping',
    'line 1: routes is missing; must be a mapping',
  ],
  ['no route', `${PROVIDERS}routes: {}\n`, 'line 8: routes must have at least one route, has none'],
  [
    'no key',
    but(
      '    keys:\n      - { name: a, secret: env:KEY_A }\n      - { name: b, secret: env:KEY_B }\n',
      '    keys: []\n',
    ),
    'line 5: providers.mistral.keys must have at least 1 entry, has 0',
  ],
  [
    'a pool of a provider that does not exist',
    but('provider: mistral', 'provider: mistal'),
    'line 9: routes["*"].pools[0][0].provider must be one of the providers ("mistral"), is "mistal"; did you mean "mistral"?',
  ],
  [
    'a pool without weight',
    but('provider: mistral', 'provider: mistral, weight: 0'),
    'line 9: routes["*"].pools[0] must have an entry and a key with a weight above 0, has none',
  ],
  [
    'two keys of one name',
    but('name: b', 'name: a'),
    `line 7: ${KEY_B}.name must differ from every other, is the same as providers.mistral.keys[0]'s`,
  ],
  [
    'a name with a line break',
    but('name: b', 'name: "b\\nforged"'),
    `line 7: ${KEY_B}.name must be letters, digits, dot, dash, underscore; at most 63, is a text of 8 characters`,
  ],
  [
    'a provider whose name has a slash',
    GOOD.replaceAll('mistral:\n', '"mis/tral":\n').replace('provider: mistral', 'provider: "mis/tral"'),
    'line 2: providers["mis/tral"] has a name that must be letters, digits, dot, dash, underscore; at most 63',
  ],
  [
    'a route whose name has a slash',
    but('"*"', 'mistral/large'),
    'line 9: routes["mistral/large"] has a name that must be without a slash, which is kept for pinning a provider (provider/model)',
  ],
  [
    'a URL of another scheme',
    but('https://api.mistral.ai', 'ftp://api.mistral.ai'),
    'line 4: providers.mistral.baseUrl must be a URL that begins with http:// or https://, is a text of 20 characters',
  ],
  [
    'credentials in a URL',
    but('https://api', 'https://user:geheim-wort@api'),
    'line 4: providers.mistral.baseUrl must have no credentials, query or fragment, has credentials',
  ],
  [
    'a query and a fragment in a URL',
    but('mistral.ai', 'mistral.ai/?key=1#x'),
    'line 4: providers.mistral.baseUrl must have no credentials, query or fragment, has a query and a fragment',
  ],
  [
    'a first wait longer than the longest',
    but('    keys:', '    breaker: { probeAfterMs: 5000, maxProbeAfterMs: 1000 }\n    keys:'),
    'line 5: providers.mistral.breaker.probeAfterMs must be at most maxProbeAfterMs (1000), is 5000',
  ],
  [
    'a backoff longer than the longest',
    routeWith('retries: { backoffMs: 6000 }'),
    'line 9: routes["*"].retries.backoffMs must be at most maxBackoffMs (5000), is 6000',
  ],
  [
    'a first-token wait longer than all',
    routeWith('timeouts: { firstTokenMs: 9000, totalMs: 5000 }'),
    'line 9: routes["*"].timeouts.firstTokenMs must be at most totalMs (5000), is 9000',
  ],
  [
    'a connect wait longer than all',
    routeWith('timeouts: { connectMs: 6000, totalMs: 5000 }'),
    'line 9: routes["*"].timeouts.connectMs must be at most totalMs (5000), is 6000',
  ],
  [
    'a recovery that does not exist',
    routeWith('recovery: retry'),
    'line 9: routes["*"].recovery must be resume or error, is "retry"',
  ],
  [
    'no auth beyond loopback',
    `${GOOD}listen: { data: "0.0.0.0:8080" }\n`,
    'line 1: auth is missing, and listen.data (0.0.0.0:8080) is not loopback; configure clientKeys, or say auth: none aloud',
  ],
  [
    'no auth on every IPv6 interface',
    `${GOOD}listen: { data: "[::]:8080" }\n`,
    'line 1: auth is missing, and listen.data ([::]:8080) is not loopback; configure clientKeys, or say auth: none aloud',
  ],
  [
    'both ports the same',
    `${GOOD}listen: { admin: "127.0.0.1:8080" }\n`,
    'line 10: listen.admin must have another port than listen.data, has 8080 too',
  ],
  [
    'a port beyond 65535',
    `${GOOD}listen: { data: "127.0.0.1:70000" }\n`,
    'line 10: listen.data must have a port of at most 65535, is "127.0.0.1:70000"',
  ],
  [
    'an address without a host',
    `${GOOD}listen: { data: ":8080" }\n`,
    'line 10: listen.data must name a host; 0.0.0.0 means every interface, is ":8080"',
  ],
  [
    'an IPv6 address without brackets',
    `${GOOD}listen: { data: "::1:8080" }\n`,
    'line 10: listen.data must be host:port, with an IPv6 host in brackets, is "::1:8080"',
  ],
  [
    'an IPv4 address that is none',
    `${GOOD}listen: { data: "256.0.0.1:8080" }\n`,
    'line 10: listen.data must have a host that is a name or an IP address, is "256.0.0.1:8080"',
  ],
  ['a port alone', `${GOOD}listen: { data: 8080 }\n`, 'line 10: listen.data must be text, is a number'],
  [
    'auth that is a bare word',
    `${GOOD}auth: nobody\n`,
    'line 10: auth must be none, or a mapping with clientKeys, is a text of 6 characters',
  ],
  ['auth left empty', `${GOOD}auth:\n`, 'line 10: auth must be none, or a mapping with clientKeys, is empty'],
  [
    'auth without a key',
    `${GOOD}auth: { clientKeys: [] }\n`,
    'line 10: auth.clientKeys must have at least 1 entry, has 0',
  ],
  [
    'a mistyped key inside auth',
    `${GOOD}auth: { clientkeys: [] }\n`,
    'line 10: auth.clientKeys is missing; must be a list',
    'line 10: auth.clientkeys is not a known key; did you mean clientKeys?',
  ],
  [
    'two client keys of one name',
    `${GOOD}auth: { clientKeys: [{ name: x, secret: env:KEY_A }, { name: x, secret: env:KEY_B }] }\n`,
    "line 10: auth.clientKeys[1].name must differ from every other, is the same as auth.clientKeys[0]'s",
  ],
  [
    'two client keys of one value',
    `${GOOD}auth: { clientKeys: [{ name: x, secret: env:KEY_A }, { name: y, secret: env:KEY_A }] }\n`,
    "line 10: auth.clientKeys[1].secret must differ from every other, is the same as auth.clientKeys[0]'s",
  ],
  [
    'a header limit below what clients send',
    `${GOOD}limits: { headerBytes: 100 }\n`,
    'line 10: limits.headerBytes must be at least 1024, is 100',
  ],
  [
    'a sampling share above all',
    `${GOOD}telemetry: { traceSampling: 10 }\n`,
    'line 10: telemetry.traceSampling must be at most 1, is 10',
  ],
  [
    'a header of the collector with a line break',
    `${GOOD}telemetry: { otlp: { endpoint: "http://c:4318", headers: { x: "a\\nb: c" } } }\n`,
    'line 10: telemetry.otlp.headers.x must be one line of visible ASCII characters, is not',
  ],
  [
    'a secret in plain',
    secretOf(SECRET_A),
    `line 7: ${KEY_B}.secret must not be written here; write env:NAME or file:PATH, which say where the secret is`,
  ],
  [
    'a secret that is a number',
    secretOf('1234567890'),
    `line 7: ${KEY_B}.secret must not be written here; write env:NAME or file:PATH, which say where the secret is`,
  ],
  [
    'no secret',
    but('{ name: b, secret: env:KEY_B }', '{ name: b }'),
    `line 7: ${KEY_B}.secret is missing; write env:NAME or file:PATH, which say where the secret is`,
  ],
  [
    'a variable that is not set',
    secretOf('env:NOT_SET'),
    `line 7: ${KEY_B}.secret cannot be read: the environment variable NOT_SET is not set`,
  ],
  [
    'a secret pasted after env:',
    secretOf('env:dQw4w9WgXcQ1234567890abcdefghijk'),
    `line 7: ${KEY_B}.secret cannot be read: the environment variable it names is not set`,
  ],
  [
    'a variable that every object has',
    secretOf('env:constructor'),
    `line 7: ${KEY_B}.secret cannot be read: the environment variable it names is not set`,
  ],
  [
    'a variable that is empty',
    secretOf('env:EMPTY_KEY'),
    `line 7: ${KEY_B}.secret cannot be read: the environment variable EMPTY_KEY is empty`,
  ],
  [
    'a variable that would add a header',
    secretOf('env:TWO_LINES'),
    `line 7: ${KEY_B}.secret must be one line of visible ASCII characters; the environment variable TWO_LINES holds something else`,
  ],
  [
    'a variable beyond ASCII',
    secretOf('env:UMLAUT'),
    `line 7: ${KEY_B}.secret must be one line of visible ASCII characters; the environment variable UMLAUT holds something else`,
  ],
  [
    'a secret file that does not exist',
    secretOf('file:/secrets/none'),
    `line 7: ${KEY_B}.secret cannot be read: the file /secrets/none does not exist`,
  ],
  [
    'an empty secret file',
    secretOf('file:/secrets/empty'),
    `line 7: ${KEY_B}.secret cannot be read: the file /secrets/empty is empty`,
  ],
  [
    'a secret file that is too large',
    secretOf('file:/secrets/large'),
    `line 7: ${KEY_B}.secret cannot be read: the file /secrets/large must have at most 65536 bytes, has more`,
  ],
  [
    'a secret file of two lines',
    secretOf('file:/secrets/two-lines'),
    `line 7: ${KEY_B}.secret must be one line of visible ASCII characters; the file /secrets/two-lines holds something else`,
  ],
  [
    'a secret file beyond ASCII',
    secretOf('file:/secrets/umlaut'),
    `line 7: ${KEY_B}.secret must be one line of visible ASCII characters; the file /secrets/umlaut holds something else`,
  ],
  [
    'a secret file with a control character',
    secretOf('file:/secrets/bell'),
    `line 7: ${KEY_B}.secret must be one line of visible ASCII characters; the file /secrets/bell holds something else`,
  ],
  [
    'a key written twice',
    but('    dialect: mistral\n', '    dialect: mistral\n    dialect: openai\n'),
    'line 4: providers.mistral.dialect is written twice; only one of them can count',
  ],
  [
    'a tab that indents',
    'providers:\n\tmistral: {}\n',
    'line 2: (config) is not valid YAML: tabs cannot indent; use spaces',
  ],
  [
    'a bracket left open',
    `${PROVIDERS}routes: { "*": { pools: [[\n`,
    'line 9: (config) is not valid YAML: the indentation is wrong, or a bracket is not closed',
  ],
  [
    'a tag',
    but('dialect: mistral', 'dialect: !vault mistral'),
    'line 3: (config) is not valid YAML: a tag (!name) is unknown',
  ],
  [
    'two documents',
    `${GOOD}---\nlimits: {}\n`,
    'line 10: (config) is not valid YAML: there is more than one document (a line of ---)',
  ],
  [
    'an alias of nothing',
    but('dialect: mistral', 'dialect: *shared'),
    'line 3: providers.mistral.dialect is an alias of an anchor that does not exist',
  ],
  ['an empty file', '', '(config) is empty: it needs at least providers and routes'],
  ['a file of comments only', '# nothing\n', '(config) is empty: it needs at least providers and routes'],
  ['a list', '- providers\n', 'line 1: (config) must be a mapping, is a list'],
  ['a bare word', 'providers', 'line 1: (config) must be a mapping, is a text of 9 characters'],
];

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
