import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LEEWARD = fileURLToPath(new URL('./leeward.ts', import.meta.url));

/** The process as a shell sees it: exit code, and both outputs. */
function leeward(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const env = { PATH: process.env['PATH'] ?? '', GOOD_KEY: 'sk-good-secret' };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [LEEWARD, ...args], { env }, (_, out, error) => {
      resolve({ code: child.exitCode ?? -1, out, error });
    });
  });
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'leeward-check-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const GOOD = `providers:
  m: { dialect: mistral, baseUrl: "https://api.mistral.ai", keys: [{ name: a, secret: env:GOOD_KEY }] }
routes: { "*": { pools: [[{ provider: m }]] } }
`;

describe('leeward check', () => {
  it('ends with 0 for a good file, and says what is in it', async () => {
    const path = await file('good.yaml', GOOD);
    expect(await leeward('check', path)).toEqual({
      code: 0,
      out: `${path} is good: 1 provider, 1 key, 1 route\n`,
      error: '',
    });
  });

  it('ends with 1 for a bad file, and tells every problem with its line, never a secret', async () => {
    const path = await file(
      'bad.yaml',
      GOOD.replace('env:GOOD_KEY', 'sk-good-secret, weight: 2000').replace('provider: m', 'provider: n'),
    );
    expect(await leeward('check', path)).toEqual({
      code: 1,
      out: [
        `${path}:2: providers.m.keys[0].weight must be at most 1000, is 2000`,
        `${path}:2: providers.m.keys[0].secret must not be written here; write env:NAME or file:PATH, which say where the secret is`,
        `${path}:3: routes["*"].pools[0][0].provider must be one of the providers ("m"), is "n"`,
        `${path} is refused: 3 problems`,
        '',
      ].join('\n'),
      error: '',
    });
  });

  it('passes over secrets that are not here when it is told to, and over nothing else', async () => {
    const elsewhere = GOOD.replace('env:GOOD_KEY', 'file:/nowhere/key');
    const good = await file('elsewhere.yaml', elsewhere);
    expect((await leeward('check', good)).code).toBe(1);
    expect(await leeward('check', '--without-secrets', good)).toEqual({
      code: 0,
      out: `${good} is good, as far as can be told without its secrets\n`,
      error: '',
    });
    const bad = await file('elsewhere-bad.yaml', elsewhere.replace('provider: m', 'provider: n'));
    expect(await leeward('check', bad, '--without-secrets')).toEqual({
      code: 1,
      out: `${bad}:3: routes["*"].pools[0][0].provider must be one of the providers ("m"), is "n"\n${bad} is refused: 1 problem\n`,
      error: '',
    });
  });

  it('ends with 1 for a file that is not there', async () => {
    const { code, out } = await leeward('check', join(directory, 'none.yaml'));
    expect([code, out]).toEqual([1, expect.stringContaining('the file does not exist')]);
  });

  it('ends with 2 and the usage when it is not given one file', async () => {
    for (const args of [[], ['a', 'b'], ['--strict', 'a']]) {
      const { code, out, error } = await leeward('check', ...args);
      expect([code, out]).toEqual([2, '']);
      expect(error).toContain('leeward check FILE');
    }
  });
});

describe('leeward', () => {
  it('explains itself when asked, and names its version', async () => {
    const help = await leeward('--help');
    expect([help.code, help.error]).toEqual([0, '']);
    expect(help.out).toContain('leeward start');
    for (const asked of [
      ['start', '--help'],
      ['keys', '-h'],
    ]) {
      expect(await leeward(...asked)).toEqual(help);
    }
    const version = await leeward('--version');
    expect(version.code).toBe(0);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('ends with 2 and the usage for a command that does not exist, or none', async () => {
    const unknown = await leeward('chekc');
    expect([unknown.code, unknown.out]).toEqual([2, '']);
    expect(unknown.error).toContain('"chekc" is not a command');
    const none = await leeward();
    expect(none.code).toBe(2);
    expect(none.error).toContain('leeward --help');
  });

  it('refuses to start with a bad config, and tells why', async () => {
    const path = await file('refused.yaml', GOOD.replace('mistral,', 'mistrl,'));
    const { code, out, error } = await leeward('start', '--config', path);
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain('providers.m.dialect must be mistral or openai');
  });

  it('refuses a number of requests beyond its bound, and keys when there are none', async () => {
    const tooMany = await leeward('keys', '--requests', '51');
    expect(tooMany.code).toBe(2);
    expect(tooMany.error).toContain('1 to 50');
    const none = await leeward('keys');
    expect(none.code).toBe(2);
    expect(none.error).toContain('no key is configured');
  });
});
