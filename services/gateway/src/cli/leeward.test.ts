import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAKE_PIPE = 'mkfifo';
const LEEWARD = fileURLToPath(new URL('./leeward.ts', import.meta.url));

test('a command whose reader has gone ends as it would have ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leeward-cli-'));
  try {
    const path = join(folder, 'pipe');
    execFileSync(MAKE_PIPE, [path]);
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

const CONFIG = `listen: { data: "127.0.0.1:0", admin: "127.0.0.1:0" }
providers: { m: { dialect: mistral, baseUrl: "http://127.0.0.1:9", keys: [{ name: a, secret: env:KEY }] } }
routes: { "*": { pools: [[{ provider: m }]] } }
`;

test.each(['1', '2'])('a node of %s that is told to read its files again goes on', async (workers) => {
  const folder = mkdtempSync(join(tmpdir(), 'leeward-cli-'));
  try {
    const config = join(folder, 'leeward.yaml');
    writeFileSync(config, CONFIG);
    const node = spawn(process.execPath, [LEEWARD, 'start', '--config', config, '--workers', workers], {
      env: { KEY: 'lorem-ipsum' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let url = '';
    for await (const line of createInterface({ input: node.stdout })) {
      url = /^leeward listens on (\S+) /.exec(line)?.[1] ?? '';
      if (url !== '') break;
    }
    for (let times = 0; times < 5; times++) node.kill('SIGHUP');
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    node.kill('SIGTERM');
    expect(await once(node, 'exit')).toEqual([0, null]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
