import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_ONLY_CERTIFICATE, TEST_ONLY_KEY } from '@leeward/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES, LEEWARD } from './places.ts';
import { runTool } from './run-tool.ts';

const CONFIGS = readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml'));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leeward-examples-'));
});
afterAll(() => rm(folder, { recursive: true }));

function secretNamed(name: string): string {
  if (name.endsWith('.crt')) return TEST_ONLY_CERTIFICATE.trim();
  return name.endsWith('.key') ? TEST_ONLY_KEY : `made-up-${name}`;
}

/** The example beside the secrets that it names, each of which has a value of its own. */
async function place(example: string): Promise<{ readonly path: string; readonly env: Record<string, string> }> {
  const text = readFileSync(join(EXAMPLES, example), 'utf8');
  const path = join(folder, example);
  await writeFile(path, text.replaceAll('file:/run/secrets/leeward/', `file:${folder}/`));
  for (const [, name = ''] of text.matchAll(/file:\/run\/secrets\/leeward\/([\w.-]+)/g)) {
    await writeFile(join(folder, name), secretNamed(name));
  }
  const named = [...text.matchAll(/env:(\w+)/g)].map(([, name = '']) => [name, `made-up-${name}`]);
  return { path, env: Object.fromEntries(named) as Record<string, string> };
}

describe.each(CONFIGS)('%s', (example) => {
  it('is a config that Leeward takes, without a warning', async () => {
    const { path, env } = await place(example);
    const { code, said } = await runTool(process.execPath, [LEEWARD, 'check', path], { env });
    expect(said).toMatch(/is good: \d+ providers?, \d+ keys?, \d+ routes?/);
    expect(said).not.toContain('warning');
    expect(code).toBe(0);
  });

  it('is in the list', () => {
    expect(readFileSync(join(EXAMPLES, 'README.md'), 'utf8')).toContain(`(${example})`);
  });
});
