import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@leeward/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { readFileBounded } from './files.ts';
import { type ConfigResult, loadConfig } from './load.ts';
import { watchConfig } from './watch.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'leeward-watch-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  return directory;
}

const config = (inFlight: number) => `providers:
  m: { dialect: mistral, baseUrl: "http://127.0.0.1:1", keys: [{ name: a, secret: "file:key" }] }
routes: { "*": { pools: [[{ provider: m }]] } }
limits: { inFlight: ${inFlight} }
`;

/** A running watch on a virtual clock; real reads happen between its steps. */
async function watching(path: string, options: { fingerprint?: string } = {}) {
  const clock = new VirtualClock();
  const told: ConfigResult[] = [];
  const stop = new AbortController();
  const deps = { env: {}, readFile: readFileBounded, clock, ...options };
  const ended = watchConfig(path, deps, (result) => void told.push(result), stop.signal);
  const resting = async () => {
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  cleanups.unshift(async () => {
    stop.abort();
    await ended;
    expect(clock.pending).toBe(0);
  });
  await resting();
  return {
    told,
    stop,
    ended,
    resting,
    clock,
    /** In steps shorter than any wait of the watch, so that each of its sleeps is met by real reads. */
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        await clock.advance(50);
        await resting();
      }
    },
  };
}

/** What was told, in short: the number that the test's config carries, or the first problem. */
function briefly(told: readonly ConfigResult[]): (number | string | undefined)[] {
  return told.map((one) => (one.kind === 'ok' ? one.settings.limits.inFlight : one.problems[0]?.problem));
}

async function configuredDirectory() {
  const directory = await temporaryDirectory();
  const path = join(directory, 'leeward.yaml');
  await writeFile(join(directory, 'key'), 'first-key\n');
  await writeFile(path, config(1));
  return { directory, path };
}

describe('a watched config', () => {
  it('tells nothing while nothing changes, nor when a file is written with the same content', async () => {
    const { path } = await configuredDirectory();
    const watch = await watching(path);
    await watch.pass(5000);
    await writeFile(path, config(1));
    await watch.pass(5000);
    expect(watch.told).toEqual([]);
  });

  it('tells a change of the file once, within three seconds', async () => {
    const { path } = await configuredDirectory();
    const watch = await watching(path);
    await writeFile(path, config(2));
    await watch.pass(3000);
    expect(briefly(watch.told)).toEqual([2]);
    await watch.pass(5000);
    expect(watch.told).toHaveLength(1);
  });

  it('tells a change of a secret file with the new secret', async () => {
    const { directory, path } = await configuredDirectory();
    const watch = await watching(path);
    await writeFile(join(directory, 'key'), 'second-key\n');
    await watch.pass(3000);
    const [result] = watch.told;
    expect(result?.kind === 'ok' && result.settings.providers['m']?.keys[0]?.secret.reveal()).toBe('second-key');
  });

  it('tells a refused config, and the good one that follows', async () => {
    const { directory, path } = await configuredDirectory();
    const watch = await watching(path);
    await writeFile(path, config(-1));
    await watch.pass(3000);
    await rm(join(directory, 'key'));
    await writeFile(path, config(3));
    await watch.pass(3000);
    await writeFile(join(directory, 'key'), 'third-key');
    await watch.pass(3000);
    expect(briefly(watch.told)).toEqual(['must be at least 1, is -1', expect.stringContaining('does not exist'), 3]);
  });

  it('waits until the file stands still, and does not wait for ever', async () => {
    const { path } = await configuredDirectory();
    const watch = await watching(path);
    await writeFile(path, '');
    await watch.pass(2050);
    await writeFile(path, config(4));
    await watch.pass(1000);
    expect(briefly(watch.told)).toEqual([4]);
    for (let n = 5; n < 105; n++) {
      await writeFile(path, config(n));
      await watch.pass(100);
    }
    expect(watch.told.length).toBeGreaterThan(1);
  });

  it('sees the swap of a directory behind symbolic links, as Kubernetes does it', async () => {
    const directory = await temporaryDirectory();
    const version = async (name: string, inFlight: number, key: string) => {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'leeward.yaml'), config(inFlight));
      await writeFile(join(directory, name, 'key'), key);
      await symlink(name, join(directory, '..data_tmp'));
      await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    };
    await version('..2026_01', 1, 'first-key');
    for (const file of ['leeward.yaml', 'key']) await symlink(join('..data', file), join(directory, file));
    const watch = await watching(join(directory, 'leeward.yaml'));
    await version('..2026_02', 2, 'second-key');
    await rm(join(directory, '..2026_01'), { recursive: true });
    await watch.pass(3000);
    await version('..2026_03', 2, 'third-key');
    await watch.pass(3000);
    expect(await readlink(join(directory, '..data'))).toBe('..2026_03');
    expect(briefly(watch.told)).toEqual([2, 2]);
    const last = watch.told[1];
    expect(last?.kind === 'ok' && last.settings.providers['m']?.keys[0]?.secret.reveal()).toBe('third-key');
  });

  it('tells what changed between the first load and the begin of the watch', async () => {
    const { path } = await configuredDirectory();
    const first = await loadConfig({ path }, { env: {}, readFile: readFileBounded });
    if (first.kind !== 'ok') throw new Error('the config of the test is good');
    const { fingerprint } = first.settings;
    expect((await watching(path, { fingerprint })).told).toEqual([]);
    await writeFile(path, config(2));
    expect(briefly((await watching(path, { fingerprint })).told)).toEqual([2]);
  });

  it('ends when told to, even in the middle of a wait', async () => {
    const { path } = await configuredDirectory();
    const watch = await watching(path);
    watch.stop.abort();
    await expect(watch.ended).resolves.toBeUndefined();
    expect(watch.clock.pending).toBe(0);
  });
});
