/** The simulator as a process of its own, with as many workspaces as a test wants, told and asked by its control port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultRuleInput, SimulatorOptionsInput, SimulatorState } from '@leeward/mistral-sim';

const ROOT = join(import.meta.dirname, '../../..');

export class SimulatorProcess {
  readonly #options: SimulatorOptionsInput;
  #child: ChildProcess | undefined;
  #folder: string | undefined;
  #urls: ReadonlyMap<string, string> = new Map();

  constructor(options: SimulatorOptionsInput) {
    this.#options = options;
  }

  static async start(options: SimulatorOptionsInput): Promise<SimulatorProcess> {
    const simulator = new SimulatorProcess(options);
    await simulator.start();
    return simulator;
  }

  get mistralUrl(): string {
    return this.#urls.get('mistral') ?? '';
  }

  get openaiUrl(): string {
    return this.#urls.get('openai') ?? '';
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'leeward-cluster-simulator-'));
    const path = join(this.#folder, 'simulator.yaml');
    await writeFile(path, JSON.stringify({ port: 0, openaiPort: 0, controlPort: 0, ...this.#options }));
    this.#child = spawn(process.execPath, ['services/mistral-sim/src/cli.ts', '--config', path], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#urls = await listening(this.#child);
  }

  async setFaults(rules: readonly FaultRuleInput[]): Promise<void> {
    const response = await fetch(`${this.#controlUrl}/control/faults`, { method: 'PUT', body: JSON.stringify(rules) });
    if (!response.ok) throw new Error(`the simulator refused the faults: ${await response.text()}`);
  }

  async state(): Promise<SimulatorState> {
    const response = await fetch(`${this.#controlUrl}/control/state`);
    return (await response.json()) as SimulatorState;
  }

  /** To freeze it like a provider that hangs, and to thaw it. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      // Whoever freezes it may fail before thawing it, and a frozen process takes no other signal.
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await exited;
    }
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  get #controlUrl(): string {
    return this.#urls.get('control') ?? '';
  }
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
