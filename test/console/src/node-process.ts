/** A real gateway process in front of a simulator in this one, by the command that its users type. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

export interface NodeProcess extends AsyncDisposable {
  readonly dataUrl: string;
  readonly adminUrl: string;
  readonly pid: number;
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
}

interface StartOptions {
  readonly workers?: number;
}

export async function startNode(
  config: object,
  env: Readonly<Record<string, string>>,
  { workers = 1 }: StartOptions = {},
): Promise<NodeProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-console-'));
  const path = join(folder, 'leeward.yaml');
  await writeFile(path, JSON.stringify({ listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' }, ...config }));
  const child = spawn(
    process.execPath,
    ['services/gateway/src/cli/leeward.ts', 'start', '--config', path, '--workers', String(workers)],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ...env } },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
    });
  }
  const exited = once(child, 'exit');
  const [dataUrl, adminUrl] = await listening(child, () => output);
  return {
    dataUrl,
    adminUrl,
    pid: child.pid ?? 0,
    log: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map(parsed),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(force);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const MAX_OUTPUT = 1_048_576;

/** By then a test has failed anyway; what must not happen is a process left behind. */
const STOP_MS = 10_000;

function parsed(line: string): Readonly<Record<string, unknown>> {
  return JSON.parse(line) as Readonly<Record<string, unknown>>;
}

async function listening(child: ChildProcess, output: () => string): Promise<readonly [string, string]> {
  for (;;) {
    const [, dataUrl, adminUrl] = /listens on (http:\S+) \(data\) and (http:\S+) \(admin\)/.exec(output()) ?? [];
    if (dataUrl !== undefined && adminUrl !== undefined) return [dataUrl, adminUrl];
    if (child.exitCode !== null || child.stdout === null) throw new Error(`the gateway did not start:\n${output()}`);
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  }
}
