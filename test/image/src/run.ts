import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A whole build's output; more would be a loop. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end and answers what it printed; what it complained of is in the error. */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, [...args], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.trim();
}
