/** The gateway as a process, started by the command that its users type. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { LEEWARD } from './places.ts';

export interface NodeOptions {
  /** After `leeward`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Shown when it does not start. */
const MAX_OUTPUT_CHARS = 20_000;

export class NodeProcess {
  readonly dataUrl: string;
  readonly adminUrl: string;
  /** Its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, urls: readonly [string, string], exited: Promise<number | null>) {
    this.#child = child;
    [this.dataUrl, this.adminUrl] = urls;
    this.exited = exited;
  }

  /** Resolves when it listens. */
  static async start({ args, env }: NodeOptions): Promise<NodeProcess> {
    const child = spawn(process.execPath, [LEEWARD, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit').then(([code]) => code as number | null);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-MAX_OUTPUT_CHARS);
      });
    }
    for (;;) {
      const [, dataUrl, adminUrl] = /listens on (http\S+) \(data\) and (http\S+) \(admin\)/.exec(output) ?? [];
      if (dataUrl !== undefined && adminUrl !== undefined) return new NodeProcess(child, [dataUrl, adminUrl], exited);
      if (child.exitCode !== null) throw new Error(`the gateway did not start:\n${output}`);
      await Promise.race([once(child.stdout, 'data'), exited]);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.exited;
  }
}
