import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const LEEWARD = fileURLToPath(new URL('./leeward.ts', import.meta.url));

/** How the process ended, and what it said of the reason. */
function start(...args: string[]): Promise<{ code: number; error: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [LEEWARD, 'start', ...args], (_failure, _out, error) => {
      resolve({ code: child.exitCode ?? -1, error: error.split('\n', 1)[0] ?? '' });
    });
  });
}

it.each(['0', '257', '1.5', '-1', '1e1', 'many', ''])('%j is no number of workers', async (workers) => {
  expect(await start(`--workers=${workers}`)).toEqual({
    code: 2,
    error: 'leeward: --workers must be auto, or a whole number from 1 to 256',
  });
});
