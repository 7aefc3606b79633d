import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startSimulator } from './simulator.ts';

const MODULE = new URL('./simulator.ts', import.meta.url).href;
const LEEWARD = fileURLToPath(new URL('./leeward.ts', import.meta.url));

/** Real processes on a busy machine; what is asserted is what happens, never how fast. */
const PATIENT = { timeout: 60_000 };

async function listModels(url: string, key: string): Promise<number | undefined> {
  try {
    return (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
  } catch {
    // Refused or reset: nobody listens there any more.
    return undefined;
  }
}

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  return '';
}

async function gone(url: string): Promise<void> {
  while ((await listModels(url, 'any')) !== undefined) await new Promise((resolve) => setImmediate(resolve));
}

describe('the simulator of the demo', () => {
  it('answers to its keys until it is stopped', PATIENT, async () => {
    const simulator = await startSimulator(new AbortController().signal);
    for (const key of ['sim-key-a', 'sim-key-b', 'sim-key-c']) {
      expect(await listModels(simulator.mistralUrl, key)).toBe(200);
    }
    expect(await listModels(simulator.openaiUrl, 'sim-openai-key')).toBe(200);
    await simulator.stop();
    await simulator.ended;
    expect(await listModels(simulator.mistralUrl, 'sim-key-a')).toBeUndefined();
  });

  it('ends with its parent, even when that is killed', PATIENT, async () => {
    const script = `import { startSimulator } from ${JSON.stringify(MODULE)};
      console.log((await startSimulator(new AbortController().signal)).mistralUrl);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await firstLine(parent.stdout);
    expect(await listModels(url, 'sim-key-a')).toBe(200);
    parent.kill('SIGKILL');
    await gone(url);
  });

  it('is given up when the demo is stopped before it is up', PATIENT, async () => {
    await expect(startSimulator(AbortSignal.abort())).rejects.toThrow('stopped');
  });
});

describe('the demo', () => {
  it('prints a request that works as pasted, and drains on SIGTERM', PATIENT, async () => {
    const demo = spawn(process.execPath, [LEEWARD, 'start'], {
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let curl: RegExpExecArray | null = null;
    for await (const line of createInterface({ input: demo.stdout })) {
      curl = /^ {2}curl -N (\S+) -H '([\w-]+): (\S+)' -d '(.+)'$/.exec(line);
      if (curl !== null) break;
    }
    const [, url = '', header = '', value = '', body = ''] = curl ?? [];
    const response = await fetch(url, { method: 'POST', headers: { [header]: value }, body });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('data: [DONE]');
    demo.kill('SIGTERM');
    expect(await once(demo, 'exit')).toEqual([0, null]);
  });
});
