/** The page is built as it is for use, so that what is tested is what is served; at once when it is built already. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../../..');

export async function buildPage(): Promise<void> {
  await promisify(execFile)(process.execPath, ['deploy/console.ts', '--if-stale'], { cwd: ROOT });
}
