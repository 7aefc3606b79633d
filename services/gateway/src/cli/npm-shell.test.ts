import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { watchNpmShell } from './npm-shell.ts';

const LEEWARD = fileURLToPath(new URL('./leeward.ts', import.meta.url));
const UNDER_NPM = { npm_lifecycle_event: 'start' };

function watched(env: Record<string, string>) {
  const clock = new VirtualClock();
  const seen = { parent: 100, told: 0 };
  watchNpmShell({ clock, env, parentId: () => seen.parent }, () => seen.told++);
  return { clock, seen };
}

describe('the shell of npm start', () => {
  it('is taken for the signal when it ends, once', async () => {
    const { clock, seen } = watched(UNDER_NPM);
    await clock.advance(60_000);
    expect(seen.told).toBe(0);
    seen.parent = 1;
    await clock.advance(60_000);
    expect([seen.told, clock.pending]).toEqual([1, 0]);
  });

  it.each([{}, { npm_lifecycle_event: 'test' }])('is not looked for outside npm start: %j', async (env) => {
    const { clock, seen } = watched(env);
    seen.parent = 1;
    await clock.advance(60_000);
    expect([seen.told, clock.pending]).toEqual([0, 0]);
  });

  it('leaves no node behind when it is killed', { timeout: 60_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'leeward-shell-'));
    const config = join(directory, 'leeward.yaml');
    await writeFile(
      config,
      `listen: { data: "127.0.0.1:0", admin: "127.0.0.1:0" }
providers: { m: { dialect: mistral, baseUrl: "http://127.0.0.1:9", keys: [{ name: a, secret: env:KEY }] } }
routes: { "*": { pools: [[{ provider: m }]] } }
`,
    );
    // With a command after it, every shell stays in between.
    const shell = spawn('/bin/sh', ['-c', `"${process.execPath}" "${LEEWARD}" start --config "${config}"; true`], {
      env: { ...UNDER_NPM, KEY: 'k' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    const output = createInterface({ input: shell.stdout });
    output.on('line', (line) => lines.push(line));
    while (!lines.some((line) => line.includes('listens on'))) await once(output, 'line');
    const closed = once(output, 'close');
    shell.kill('SIGKILL');
    // The node holds the other end of this pipe for as long as it lives.
    await closed;
    expect(lines.at(-1)).toContain('drain-ended');
    await rm(directory, { recursive: true });
  });
});
