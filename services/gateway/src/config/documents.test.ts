import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
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
    expect(text.match(/"pattern": "\^\(env\|file\):\.\+\$"/g)).toHaveLength(14);
  });
});

describe('the configs in the papers', () => {
  it('are good as they stand, without a warning', async () => {
    const examples = await configsInPapers();
    expect(new Set(examples.map(({ paper }) => paper))).toEqual(new Set(['README.md', 'docs/config.md']));
    const results = await Promise.all(examples.map(({ text }) => loadConfig({ text }, PAPER_SECRETS)));
    const complaints = results.map((result) => (result.kind === 'ok' ? result.warnings : result.problems));
    expect(complaints).toEqual(examples.map(() => []));
  });

  it('have one among them that shows every key, in docs/config.md', async () => {
    const text = (await configsInPapers()).find(({ paper }) => paper === 'docs/config.md')?.text ?? '';
    const leaves = configKeys(settingsJsonSchema()).map(
      ({ path }) => path.split('.').at(-1)?.replaceAll('[]', '') ?? '',
    );
    expect(leaves.filter((leaf) => !text.includes(`${leaf}:`))).toEqual([]);
  });
});

const ROOT = new URL('../../../../', import.meta.url);

/** What the papers' references lead to. */
const PAPER_SECRETS = {
  env: {
    LEEWARD_KEY_CHECKOUT: 'c1',
    LEEWARD_ADMIN_TOKEN: 'an-admin-token-of-a-test',
    MISTRAL_KEY_A: 'k1',
    OPENAI_API_KEY: 'o1',
    OTLP_AUTHORIZATION: 'Bearer t',
  },
  readFile: async (path: string) => Buffer.from(`secret-of-${path.split('/').at(-1)}\n`),
};

/** Every yaml block of the README and of docs that is a whole config, and not a chart's values or a part of one. */
async function configsInPapers(): Promise<{ paper: string; text: string }[]> {
  const docs = (await readdir(new URL('docs/', ROOT), { recursive: true })).map((name) => `docs/${name}`);
  const papers = ['README.md', ...docs].filter((name) => name.endsWith('.md'));
  const found = papers.map(async (paper) => {
    const page = await readFile(new URL(paper, ROOT), 'utf8');
    const blocks = [...page.matchAll(/```ya?ml\n(?<block>[\s\S]*?)```/g)].map(({ groups }) => groups?.['block'] ?? '');
    return blocks.filter(isWholeConfig).map((text) => ({ paper, text }));
  });
  return (await Promise.all(found)).flat();
}

function isWholeConfig(text: string): boolean {
  const document: unknown = parse(text);
  return typeof document === 'object' && document !== null && 'providers' in document;
}
