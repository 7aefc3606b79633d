/** A server of another project, in a folder of its own: started, asked until it is ready, stopped, gone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastingPort } from '@leeward/test-cluster';

interface ServerOptions {
  readonly command: string;
  readonly args: (place: { readonly folder: string; readonly address: string }) => readonly string[];
  /** Written into its folder before it starts. */
  readonly files: Readonly<Record<string, string>>;
}

/** Shown when it does not start. */
const MAX_OUTPUT_CHARS = 20_000;

/** Go servers are there within a second; a busy machine may take its time. */
const STARTS_WITHIN_MS = 30_000;
const ASK_EVERY_MS = 50;

export class ServerProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.url = url;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARS);
      });
    }
  }

  static async start({ command, args, files }: ServerOptions): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'leeward-observability-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const address = `127.0.0.1:${await lastingPort()}`;
    const child = spawn(command, [...args({ folder, address })], { stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(child, folder, `http://${address}`);
    await server.#ready();
    return server;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const untilMs = performance.now() + STARTS_WITHIN_MS;
    while (performance.now() < untilMs && this.#child.exitCode === null) {
      // Refused until it listens.
      const answer = await fetch(`${this.url}/-/ready`).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(ASK_EVERY_MS);
    }
    throw new Error(`${this.#child.spawnfile} did not start:\n${this.#output}`);
  }
}
