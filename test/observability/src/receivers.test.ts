/** The examples of receivers: amtool takes them, and they differ in the receivers alone. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AMTOOL, requireTool } from '@leeward/tools';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ALERTMANAGER_FILES } from './places.ts';
import { runTool } from './run-tool.ts';

const EXAMPLES = ['email.yaml', 'pagerduty.yaml', 'slack.yaml', 'teams.yaml', 'webhook.yaml'];

/** Teams' workflows came to Alertmanager with 0.28: an older amtool does not know the word. These are all its keys. */
const teams = z.array(
  z.strictObject({
    webhook_url_file: z.string().startsWith('/'),
    send_resolved: z.boolean(),
    title: z.string(),
    text: z.string(),
  }),
);
const example = z.looseObject({
  receivers: z.array(z.looseObject({ name: z.string(), msteamsv2_configs: teams.optional() })).length(2),
});

const textOf = (name: string) => readFile(join(ALERTMANAGER_FILES, name), 'utf8');
const check = (path: string) => runTool(requireTool(AMTOOL), ['check-config', path]);

test('there is an example for each of the usual receivers', async () => {
  expect((await readdir(ALERTMANAGER_FILES)).toSorted()).toEqual(EXAMPLES);
});

test.each(EXAMPLES.filter((name) => name !== 'teams.yaml'))('amtool finds no fault in %s', async (name) => {
  expect(await check(join(ALERTMANAGER_FILES, name))).toMatchObject({ code: 0 });
});

test('amtool finds no fault in teams.yaml; if it is older than that receiver, in all but the receiver', async () => {
  const whole = await check(join(ALERTMANAGER_FILES, 'teams.yaml'));
  const isOld = whole.output.includes('field msteamsv2_configs not found');
  if (!isOld) expect(whole).toMatchObject({ code: 0 });
  const { receivers, ...rest } = example.parse(parse(await textOf('teams.yaml'), { merge: true }));
  expect(receivers.every(({ msteamsv2_configs: configs }) => configs?.length === 1)).toBe(true);
  const folder = await mkdtemp(join(tmpdir(), 'leeward-receivers-'));
  const path = join(folder, 'teams.yaml');
  await writeFile(path, JSON.stringify({ ...rest, receivers: receivers.map(({ name }) => ({ name })) }));
  expect(await check(path)).toMatchObject({ code: 0 });
  await rm(folder, { recursive: true });
});

test('all examples route and hold back alike', async () => {
  const heads = await Promise.all(
    EXAMPLES.map(async (name) => (await textOf(name)).replace(/^(?:#.*\n)+/, '').split('receivers:')[0]),
  );
  expect(new Set(heads).size).toBe(1);
});
