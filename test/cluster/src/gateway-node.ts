/** One node: a real gateway, started by the command that its users type, and again on the same ports after its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastingPort } from './lasting-port.ts';
import { NodeLog } from './node-log.ts';

const ROOT = join(import.meta.dirname, '../../..');

const CONFIG = 'leeward.yaml';

/** Shown when a node does not start. */
const MAX_OUTPUT_CHARS = 20_000;

/** By then a test has failed anyway; what must not happen is a process left behind. */
const STOP_MS = 20_000;

export interface NodeOptions {
  readonly name: string;
  /** All of the config file but where it listens. */
  readonly config: object;
  readonly env: Readonly<Record<string, string>>;
}

interface Place {
  readonly folder: string;
  readonly data: string;
  readonly admin: string;
}

export class GatewayNode {
  readonly name: string;
  readonly log = new NodeLog();
  readonly #options: NodeOptions;
  #place: Place | undefined;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get dataUrl(): string {
    return `http://${this.#place?.data ?? ''}`;
  }

  get adminUrl(): string {
    return `http://${this.#place?.admin ?? ''}`;
  }

  /** What it has written lately, both streams. */
  get output(): string {
    return this.#output;
  }

  /** What its config file says from now on, and where it is; a running node takes it over, or refuses it. */
  async configure(config: object): Promise<string> {
    this.#place ??= {
      folder: await mkdtemp(join(tmpdir(), 'leeward-cluster-node-')),
      data: `127.0.0.1:${await lastingPort()}`,
      admin: `127.0.0.1:${await lastingPort()}`,
    };
    const { folder, ...listen } = this.#place;
    const path = join(folder, CONFIG);
    await writeFile(path, JSON.stringify({ listen, ...config }));
    return path;
  }

  /** Always on the same ports. */
  async start(): Promise<void> {
    const path = await this.configure(this.#options.config);
    const child = spawn(process.execPath, ['services/gateway/src/cli/leeward.ts', 'start', '--config', path], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...this.#options.env },
    });
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARS);
        if (stream === child.stdout) this.log.read(text);
      });
    }
    await listening(child, () => this.#output);
  }

  /** As a rollout does: what runs may end. */
  async stop(): Promise<void> {
    const child = this.#running();
    if (child === undefined) return;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await once(child, 'exit');
    clearTimeout(force);
  }

  /** As when its machine is lost. */
  async kill(): Promise<void> {
    const child = this.#running();
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.stop();
    if (this.#place !== undefined) await rm(this.#place.folder, { recursive: true, force: true });
  }

  #running(): ChildProcess | undefined {
    const child = this.#child;
    return child === undefined || child.exitCode !== null || child.signalCode !== null ? undefined : child;
  }
}

async function listening(child: ChildProcess, output: () => string): Promise<void> {
  while (!output().includes('leeward listens on')) {
    if (child.exitCode !== null || child.stdout === null) throw new Error(`the gateway did not start:\n${output()}`);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  }
}
