/** What README.md says to paste into a program of one's own runs, with nothing changed but the address. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from './world/world.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

const PROGRAMS = [...README.matchAll(/^```ts\n(?<text>[\s\S]*?)^```/gm)].map(({ groups }) => groups?.['text'] ?? '');

const ADDRESS = 'http://127.0.0.1:8080/';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** From here the SDKs' packages are found. */
const HERE = fileURLToPath(new URL('.', import.meta.url));

function run(program: string): Promise<{ readonly code: number; readonly errors: string }> {
  const env = { PATH: process.env['PATH'] ?? '', LEEWARD_KEY: world.clientKey };
  const args = ['--input-type=module-typescript', '--eval', program];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: HERE, env }, (_, _output, errors) => {
      resolve({ code: child.exitCode ?? -1, errors });
    });
  });
}

it('has a program for each SDK that is tested here', () => {
  const imported = [...PROGRAMS.join('').matchAll(/ from '(?<name>[^']+)'/g)].map(({ groups }) => groups?.['name']);
  expect(new Set(imported)).toEqual(
    new Set([
      'openai',
      '@mistralai/mistralai',
      'ai',
      '@ai-sdk/mistral',
      '@ai-sdk/openai',
      '@langchain/mistralai',
      '@langchain/openai',
    ]),
  );
});

it.each(PROGRAMS.map((program, at) => ({ at, program })))('program $at gets its answers', async ({ program }) => {
  expect(program).toContain(ADDRESS);
  const seen = () => Object.values(world.simulator.state().keys).reduce((sum, { completed }) => sum + completed, 0);
  const before = seen();
  expect(await run(program.replaceAll(ADDRESS, `${world.url}/`))).toEqual({ code: 0, errors: '' });
  expect(seen() - before).toBe(program.match(/^await /gm)?.length);
});
