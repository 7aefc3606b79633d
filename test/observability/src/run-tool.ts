/** Runs a program to its end. */
import { execFile } from 'node:child_process';

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** promtool's longest run takes some seconds; a minute says that it hangs. */
const HANGS_MS = 60_000;

export function runTool(path: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(path, [...args], { timeout: HANGS_MS }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}
