/** The simulator as a process of its own, so that it can be frozen like a provider, or leave its core's load to itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultRuleInput, SimulatorOptionsInput, SimulatorState } from '@leeward/mistral-sim';

const ROOT = join(import.meta.dirname, '../../..');

export interface SimulatorProcess {
  readonly mistralUrl: string;
  readonly openaiUrl: string;
  readonly setFaults: (rules: readonly FaultRuleInput[]) => Promise<void>;
  readonly state: () => Promise<SimulatorState>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
}

export async function startSimulatorProcess(options: SimulatorOptionsInput): Promise<SimulatorProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'leeward-e2e-simulator-'));
  const path = join(directory, 'simulator.yaml');
  await writeFile(path, JSON.stringify({ port: 0, openaiPort: 0, controlPort: 0, ...options }));
  const child = spawn(process.execPath, ['services/mistral-sim/src/cli.ts', '--config', path], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const urls = await listening(child);
  const urlOf = (name: string): string => urls.get(name) ?? '';
  return {
    mistralUrl: urlOf('mistral'),
    openaiUrl: urlOf('openai'),
    setFaults: async (rules) => {
      const response = await fetch(`${urlOf('control')}/control/faults`, {
        method: 'PUT',
        body: JSON.stringify(rules),
      });
      if (!response.ok) throw new Error(`the simulator refused the faults: ${await response.text()}`);
    },
    state: async () => {
      const response = await fetch(`${urlOf('control')}/control/state`);
      return (await response.json()) as SimulatorState;
    },
    signal: (name) => {
      child.kill(name);
    },
    stop: async () => {
      // Whoever freezes it may fail before thawing it, and a frozen process takes no other signal.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Each address is one line of JSON. */
async function listening(child: ChildProcess): Promise<ReadonlyMap<string, string>> {
  const { stdout } = child;
  if (stdout === null) throw new Error('the simulator has no output');
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const urls = new Map<string, string>();
  while (urls.size < 3) {
    if (child.exitCode !== null) throw new Error(`the simulator did not start:\n${output}`);
    await Promise.race([once(stdout, 'data'), once(child, 'exit')]);
    for (const [, name = '', url = ''] of output.matchAll(/"listening":"(\w+)","url":"([^"]+)"/g)) urls.set(name, url);
  }
  return urls;
}
