import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { CONFIG_DOCUMENT, configDocument, SCHEMA_DOCUMENT, schemaDocument, WRITE_COMMAND } from './documents.ts';
import { configKeys, settingsJsonSchema } from './json-schema.ts';
import { loadConfig } from './load.ts';
import { meaningOf, meaningPaths } from './meanings.ts';

describe('the documents that follow from the schema', () => {
  it('are as they would be written now', async () => {
    const hint = `written from the schema: run ${WRITE_COMMAND}`;
    expect(await readFile(SCHEMA_DOCUMENT, 'utf8'), `docs/leeward.schema.json is ${hint}`).toBe(schemaDocument());
    const page = await readFile(CONFIG_DOCUMENT, 'utf8');
    expect(page, `the table in docs/config.md is ${hint}`).toBe(configDocument(page));
  });

  it('explain every key, and no key that is not there', () => {
    const paths = configKeys(settingsJsonSchema()).map(({ path }) => path);
    expect(paths.filter((path) => meaningOf(path) === undefined)).toEqual([]);
    expect(meaningPaths.filter((path) => !paths.includes(path))).toEqual([]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it('say that secrets are references', () => {
    const text = schemaDocument();
    expect(text.match(/"pattern": "\^\(env\|file\):\.\+\$"/g)).toHaveLength(2);
  });
});

describe('the examples in docs/config.md', () => {
  it('hold one config with every key, and it is good', async () => {
    const text = await example();
    const env = {
      LEEWARD_KEY_CHECKOUT: 'c1',
      MISTRAL_KEY_A: 'k1',
      OPENAI_API_KEY: 'o1',
      OTLP_AUTHORIZATION: 'Bearer t',
    };
    const readSecret = async (path: string) => Buffer.from(`secret-of-${path.split('/').at(-1)}\n`);
    const result = await loadConfig({ text }, { env, readFile: readSecret });
    expect(result).toMatchObject({ kind: 'ok', warnings: [] });
    const leaves = configKeys(settingsJsonSchema()).map(
      ({ path }) => path.split('.').at(-1)?.replaceAll('[]', '') ?? '',
    );
    expect(leaves.filter((leaf) => !text.includes(`${leaf}:`))).toEqual([]);
  });
});

async function example(): Promise<string> {
  const page = await readFile(CONFIG_DOCUMENT, 'utf8');
  const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  return blocks.find((block) => block.includes('providers:')) ?? '';
}
