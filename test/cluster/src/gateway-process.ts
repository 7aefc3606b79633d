/** A gateway as its users run it: a process of its own, started by their command, told everything by a config file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** More than any test reads; a soak writes for hours. */
const MAX_OUTPUT = 1_048_576;

/** By then a test has failed anyway; what must not happen is a process left behind. */
const STOP_MS = 20_000;

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

export interface GatewayOptions {
  readonly config: object;
  /** The secrets that the config refers to. */
  readonly env: Readonly<Record<string, string>>;
  /** Of the command, beside the config. */
  readonly options?: readonly string[];
}

export async function startGateway({ config, env, options = [] }: GatewayOptions): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-gateway-'));
  const path = join(folder, 'leeward.yaml');
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config));
  const child = spawn(
    process.execPath,
    ['services/gateway/src/cli/leeward.ts', 'start', '--config', path, ...options],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ...env } },
  );
  // A run that is cut short must not leave it behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit').then(([code]) => {
    process.off('exit', kill);
    return code as number | null;
  });
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
      const force = setTimeout(kill, STOP_MS);
      await exited;
      clearTimeout(force);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listening(child: ChildProcess, output: () => string): Promise<readonly [string, string]> {
  for (;;) {
    const [, dataUrl, adminUrl] = /listens on (http:\S+) \(data\) and (http:\S+) \(admin\)/.exec(output()) ?? [];
    if (dataUrl !== undefined && adminUrl !== undefined) return [dataUrl, adminUrl];
    if (child.exitCode !== null || child.stdout === null) throw new Error(`the gateway did not start:\n${output()}`);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  }
}
