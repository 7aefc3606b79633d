import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const LEEWARD = fileURLToPath(new URL('./leeward.ts', import.meta.url));

test('a command whose reader has gone ends as it would have ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leeward-cli-'));
  try {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = openSync(path, 'w');
    closeSync(reader);
    const command = spawn(process.execPath, [LEEWARD, '--version'], { stdio: ['ignore', output, 'ignore'] });
    closeSync(output);
    expect(await once(command, 'exit')).toEqual([0, null]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
