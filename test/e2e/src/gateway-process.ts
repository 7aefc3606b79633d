/** A real gateway: its own process, started by the command that its users type. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Simulator } from '@leeward/mistral-sim';

const ROOT = join(import.meta.dirname, '../../..');

export const CLIENT_KEY = 'e2e-client-key';

export interface GatewayProcess {
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** What it has written lately, both streams. */
  readonly output: () => string;
  readonly rewriteConfig: (config: object) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly stop: () => Promise<void>;
}

type Upstreams = Pick<Simulator, 'mistralUrl' | 'openaiUrl'>;

/** Three workspaces and a secondary provider, with time limits short enough for a test to see each of them pass. */
export function configFor(simulator: Upstreams, more: object = {}): object {
  return {
    listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
    auth: { clientKeys: [{ name: 'e2e', secret: 'env:E2E_CLIENT_KEY' }] },
    providers: providersOf(simulator, { name: 'a', secret: 'env:E2E_KEY_A' }),
    routes: {
      'mistral-small-latest': {
        pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-5-mini' }]],
        timeouts: { connectMs: 2000, firstTokenMs: 2000, answerMs: 2500, idleMs: 2000, totalMs: 60_000 },
      },
    },
    telemetry: { logLevel: 'warn' },
    ...more,
  };
}

/** The same with the first workspace's next key, under a name of its own, as a rotation brings it. */
export function rotatedConfigFor(simulator: Upstreams): object {
  return configFor(simulator, { providers: providersOf(simulator, { name: 'a-next', secret: 'env:E2E_KEY_A2' }) });
}

function providersOf(simulator: Upstreams, firstKey: { readonly name: string; readonly secret: string }): object {
  return {
    mistral: {
      dialect: 'mistral',
      baseUrl: simulator.mistralUrl,
      quotaGroups: { one: {}, two: {}, three: {} },
      keys: [
        { ...firstKey, quotaGroup: 'one' },
        { name: 'b', secret: 'env:E2E_KEY_B', quotaGroup: 'two' },
        { name: 'c', secret: 'env:E2E_KEY_C', quotaGroup: 'three' },
      ],
    },
    backup: {
      dialect: 'openai',
      baseUrl: simulator.openaiUrl,
      keys: [{ name: 'main', secret: 'env:E2E_KEY_BACKUP' }],
    },
  };
}

/** `options`: of the command, beside the config. */
export async function startGateway(config: object, options: readonly string[] = []): Promise<GatewayProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'leeward-e2e-'));
  const path = join(directory, 'leeward.yaml');
  await writeFile(path, JSON.stringify(config));
  const child = spawn(
    process.execPath,
    ['services/gateway/src/cli/leeward.ts', 'start', '--config', path, ...options],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        E2E_CLIENT_KEY: CLIENT_KEY,
        E2E_KEY_A: 'sim-key-a',
        // The same workspace's second key: what a rotation goes to.
        E2E_KEY_A2: 'sim-key-a2',
        E2E_KEY_B: 'sim-key-b',
        E2E_KEY_C: 'sim-key-c',
        E2E_KEY_D: 'sim-key-d',
        E2E_KEY_E: 'sim-key-e',
        E2E_KEY_BACKUP: 'sim-openai-key',
      },
    },
  );
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
    });
  }
  const [dataUrl, adminUrl] = await listening(child, () => output);
  return {
    dataUrl,
    adminUrl,
    pid: child.pid ?? 0,
    output: () => output,
    rewriteConfig: (changed) => writeFile(path, JSON.stringify(changed)),
    signal: (name) => {
      child.kill(name);
    },
    exited,
    stop: async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(force);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** More than any test reads; a soak writes for hours. */
const MAX_OUTPUT = 1_048_576;

/** By then a test has failed anyway; what must not happen is a process left behind. */
const STOP_MS = 20_000;

async function listening(child: ChildProcess, output: () => string): Promise<[string, string]> {
  for (;;) {
    const found = /listens on (http:\S+) \(data\) and (http:\S+) \(admin\)/.exec(output());
    const [, dataUrl, adminUrl] = found ?? [];
    if (dataUrl !== undefined && adminUrl !== undefined) return [dataUrl, adminUrl];
    if (child.exitCode !== null || child.stdout === null) throw new Error(`the gateway did not start:\n${output()}`);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  }
}

export interface TargetState {
  readonly id: string;
  readonly key: string;
  readonly state: string;
}

export async function targetsOf(gateway: GatewayProcess): Promise<readonly TargetState[]> {
  const response = await fetch(`${gateway.adminUrl}/admin/targets`);
  const { targets } = (await response.json()) as { targets: readonly TargetState[] };
  return targets;
}

/** Requests of clients that the gateway has under way. */
export async function inFlightOf(gateway: GatewayProcess): Promise<number> {
  const response = await fetch(`${gateway.adminUrl}/healthz/ready`);
  const { inFlight } = (await response.json()) as { inFlight: number };
  return inFlight;
}
