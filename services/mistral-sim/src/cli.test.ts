import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { optionsSchema } from './options.ts';

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const examples = new URL('../examples/', import.meta.url);
const run = (...flags: string[]) => spawn(process.execPath, [cli, ...flags]);

describe('the command line', () => {
  it('says where it listens, one line each, and ends cleanly when told to', async () => {
    const mild = fileURLToPath(new URL('mild.yaml', examples));
    const child = run('--config', mild, '--port', '0', '--openai-port', '0', '--control-port', '0', '--seed', '7');
    const lines: { listening: string; url: string }[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(JSON.parse(line) as (typeof lines)[number]);
      if (lines.length === 3) break;
    }
    expect(lines.map(({ listening }) => listening)).toEqual(['mistral', 'openai', 'control']);
    const state = await fetch(`${lines[2]?.url}/control/state`);
    expect(await state.json()).toMatchObject({ total: { seen: 0 } });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('names what is wrong with its options', async () => {
    const child = run('--port', '70000');
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toMatch(/65535[\s\S]*port/);
  });
});

it.each(readdirSync(examples))('the example %s is a valid config', (name) => {
  const read: unknown = parse(readFileSync(new URL(name, examples), 'utf8'));
  expect(optionsSchema.parse(read).faults.length).toBeGreaterThan(0);
});
