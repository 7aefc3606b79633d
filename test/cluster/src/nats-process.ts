/** A real NATS server on loopback: killed, frozen and started again on the same port, gone with its test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { NATS_SERVER, requireTool } from '@leeward/tools';
import { lastingPort } from './lasting-port.ts';

/** What it says once it takes connections. */
const READY = 'Server is ready';

/** Its beginning alone is read; it writes for as long as it runs. */
const MAX_READ_CHARS = 100_000;

export class NatsProcess {
  #port: number | undefined;
  #child: ChildProcess | undefined;

  get port(): number {
    return this.#port ?? 0;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Always on the same port. */
  async start(): Promise<void> {
    this.#port ??= await lastingPort();
    const args = ['--addr', '127.0.0.1', '--port', String(this.port)];
    const child = spawn(requireTool(NATS_SERVER), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (said.length > MAX_READ_CHARS) return;
      said += text;
      if (said.includes(READY)) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`nats-server ended: ${said}`)));
    await promise;
  }

  /** As when its machine is lost: no farewell to anyone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** It keeps its connections, lets new ones wait, and does nothing about any of them. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}
