/**
 * Every child of the bench: started on its core, stopped by its pid. Children are killed on every way out, an
 * interrupt and a crash included, because a forgotten proxy on a pinned core would spoil the next run's figures.
 */
import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { processTree } from './cpu.ts';

/** How long a child may take over an orderly end. */
const STOP_GRACE_MS = 5000;
/** How long a subject may take until it answers: in Python it loads its libraries for a minute when the core is shared. */
const READY_WITHIN_MS = 120_000;

export interface Command {
  name: string;
  file: string;
  args: readonly string[];
  core: number;
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  ipc?: boolean;
}

export class Processes {
  readonly #children: { name: string; child: ChildProcess; logFile: string }[] = [];
  readonly #dir: string;

  /** `dir` holds what the children write on stderr. */
  constructor(dir: string) {
    this.#dir = dir;
    process.on('exit', () => this.killNow());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => process.exit(130)); // 'exit' above kills the children.
    }
  }

  /** Standard output is discarded (a log line still costs its write), standard error kept for the message on failure. */
  start(command: Command): ChildProcess {
    const logFile = join(this.#dir, `${command.name}.log`);
    const log = openSync(logFile, 'a');
    const stdio: StdioOptions = command.ipc === true ? ['ignore', 'ignore', log, 'ipc'] : ['ignore', 'ignore', log];
    const child = spawn('taskset', ['-c', String(command.core), command.file, ...command.args], {
      stdio,
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
    });
    closeSync(log);
    child.on('error', () => {}); // A failed start also shows as an exit without a pid, reported by `ready`.
    this.#children.push({ name: command.name, child, logFile });
    return child;
  }

  /** Waits until `probe` says yes; fails with what the child wrote when it ends or takes too long. */
  async ready(child: ChildProcess, probe: () => Promise<boolean>): Promise<number> {
    const until = performance.now() + READY_WITHIN_MS;
    for (;;) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`it ended while starting: ${this.#lastWords(child)}`);
      }
      if (await probe()) return child.pid;
      if (performance.now() > until) {
        throw new Error(`not ready within ${READY_WITHIN_MS / 1000} s: ${this.#lastWords(child)}`);
      }
      await pause(50);
    }
  }

  #lastWords(child: ChildProcess): string {
    const known = this.#children.find((entry) => entry.child === child);
    return known === undefined ? '' : readFileSync(known.logFile, 'utf8').trim().slice(-2000);
  }

  async stop(): Promise<void> {
    const running = this.#children.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    const ended = running.map(({ child }) => new Promise((resolve) => child.once('exit', resolve)));
    for (const { child } of running) child.kill('SIGTERM');
    await Promise.race([Promise.all(ended), pause(STOP_GRACE_MS, undefined, { ref: false })]);
    this.killNow();
  }

  killNow(): void {
    for (const { child } of this.#children) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      // Children's children first: a master that is killed cannot stop its workers any more.
      for (const pid of processTree(child.pid).toReversed()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It ended in between.
        }
      }
    }
  }
}

/** Threads included. */
export function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

/** A port that was free a moment ago; proxies that cannot report the port they got need to be told one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Whether GET `url` answers with `status`. */
export async function answers(url: string, status: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.status === status;
  } catch {
    return false; // Not listening yet.
  }
}
