import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly code: number;
  /** Both streams. */
  readonly said: string;
}

export interface Ask {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end, with no environment but what it is given. */
export async function runTool(command: string, args: readonly string[], { env = {}, input = '' }: Ask): Promise<Ended> {
  const child = spawn(command, [...args], { env, stdio: 'pipe' });
  child.stdin.end(input);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: Number(code), said: `${output}${errors}` };
}
