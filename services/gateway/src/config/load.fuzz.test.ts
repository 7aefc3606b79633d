import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from './load.ts';

const SECRET = 'zq9-secret-of-the-environment';
const FILE_SECRET = 'zq9-secret-of-the-file';
const BROKEN = 'zq9-broken-secret\r\nx-injected: 1';
const LITERAL = 'zq9-literal-that-should-be-a-reference';
const deps = {
  env: { GOOD: SECRET, BROKEN },
  readFile: async (path: string) => {
    if (path.endsWith('good')) return Buffer.from(FILE_SECRET);
    throw Object.assign(new Error(SECRET), { code: 'EACCES' });
  },
};

async function messages(input: { text: string } | { path: string }, readFile = deps.readFile): Promise<string> {
  const result = await loadConfig(input, { ...deps, readFile });
  if (result.kind === 'ok') return JSON.stringify(result.warnings);
  expect(result.problems.length).toBeGreaterThan(0);
  return JSON.stringify(result.problems);
}

function expectNoSecret(text: string): void {
  expect(text).not.toContain('zq9-');
}

/** Words of the schema, so that the generated trees reach its inner parts; and secrets in every place. */
const words = fc.constantFrom(
  'listen',
  'data',
  'auth',
  'clientKeys',
  'providers',
  'm',
  'dialect',
  'baseUrl',
  'keys',
  'name',
  'secret',
  'weight',
  'quotaGroups',
  'limits',
  'routes',
  '*',
  'pools',
  'provider',
  'model',
  'timeouts',
  'totalMs',
  'telemetry',
  'otlp',
  'headers',
  '__proto__',
  'constructor',
);
const values = fc.oneof(
  fc.constantFrom(
    'env:GOOD',
    'env:BROKEN',
    'env:MISSING',
    'file:/good',
    'file:/bad',
    'mistral',
    'none',
    'm',
    '0.0.0.0:80',
    'https://x',
  ),
  fc.jsonValue({ maxDepth: 1 }),
);
const trees = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 7 },
    values,
    fc.dictionary(words, tie('node'), { maxKeys: 6 }),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
})).node;

/** A config that is right but for a few values. The other provider refers to each secret, so that all are known. */
const nearlyGood = fc.record({
  auth: fc.constantFrom(
    'none',
    undefined,
    5,
    { clientKeys: [{ name: 'x', secret: LITERAL }] },
    { clientKeys: [{ name: LITERAL, secret: LITERAL }] },
  ),
  providers: fc.record({
    other: fc.constant({ keys: [{ secret: 'env:GOOD' }, { secret: 'file:/good' }, { secret: LITERAL }] }),
    m: fc.record({
      dialect: fc.constantFrom('mistral', 'x', SECRET),
      baseUrl: fc.constantFrom('https://x', `https://u:${SECRET}@x`, `ftp://${FILE_SECRET}`),
      keys: fc.array(
        fc.record({
          name: fc.constantFrom('a', 'b', SECRET),
          secret: fc.constantFrom('env:GOOD', 'env:BROKEN', 'file:/good', LITERAL),
          weight: fc.double(),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  }),
  routes: fc.constantFrom(
    {},
    { '*': { pools: [[{ provider: 'm' }]] } },
    { [SECRET]: { pools: [[{ provider: SECRET }]] } },
  ),
  telemetry: fc.constantFrom(undefined, { otlp: { endpoint: 'http://c', headers: { a: LITERAL, b: 'env:BROKEN' } } }),
});

describe('whatever the file holds', () => {
  it('gives a result for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await messages({ path: '/config' }, async () => Buffer.from(bytes));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('gives a result for any text made of the marks of YAML', async () => {
    const marks = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '!t ',
      '|',
      '>',
      '"',
      "'",
      '#',
      '%',
      '---',
      '...',
      '? ',
      ',',
      '\t',
      '<<',
      '\u0000',
      '\ufeff',
      '~',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(marks, { maxLength: 40 }), async (parts) => {
        await messages({ text: parts.join('') });
      }),
      { seed: 2, numRuns: 1500 },
    );
  });

  it('gives a result for any tree, and shows no secret', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => expectNoSecret(await messages({ text: JSON.stringify(tree) ?? '' }))),
      { seed: 3, numRuns: 700 },
    );
  });

  it('shows no secret in what it says about a config that is nearly good, as JSON or as YAML, whole or cut', async () => {
    await fc.assert(
      fc.asyncProperty(nearlyGood, fc.boolean(), fc.nat(400), async (config, asYaml, cut) => {
        const text = asYaml ? stringify(config) : JSON.stringify(config);
        expectNoSecret(await messages({ text }));
        // Cut anywhere, the syntax is broken near or inside a literal secret.
        await messages({ text: text.slice(0, cut) });
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
