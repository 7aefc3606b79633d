import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTool } from './find-tool.ts';
import { installTools, type Machine } from './install-tools.ts';
import type { Tool } from './tools.ts';

const toolOf = (command: string): Tool => ({
  command,
  debianPackage: `${command}-package`,
  site: 'https://tools.invalid',
  neededFor: 'something',
  alsoIn: [],
});
const builtOf = (command: string): Tool => ({
  command,
  goPackage: `tools.invalid/${command}@v1.0.0`,
  site: 'https://tools.invalid',
  neededFor: 'something',
  alsoIn: [],
});
const HAMMER = toolOf('hammer');
const SAW = toolOf('saw');
const LATHE = builtOf('lathe');

interface Scene {
  readonly present: readonly string[];
  readonly mayInstall?: boolean;
  readonly works?: boolean;
}

function machineWith({ present, mayInstall = true, works = true }: Scene): { calls: string[]; machine: Machine } {
  const calls: string[] = [];
  const there = new Set(present);
  return {
    calls,
    machine: {
      mayInstall,
      find: ({ command }) => (there.has(command) ? `/bin/${command}` : undefined),
      aptGet: (args) => {
        calls.push(args.join(' '));
        if (args[0] === 'install' && works) for (const name of args) there.add(name.replace(/-package$/, ''));
        return Promise.resolve(works);
      },
      goInstall: (goPackage) => {
        calls.push(`go install ${goPackage}`);
        if (works) there.add(goPackage.replace(/^.*\/|@.*$/g, ''));
        return Promise.resolve(works);
      },
    },
  };
}

describe('the tools step', () => {
  it('says where each tool is, and runs nothing, when none is missing', async () => {
    const { machine, calls } = machineWith({ present: ['hammer', 'saw'] });
    expect(await installTools([HAMMER, SAW], machine)).toEqual(['hammer: /bin/hammer', 'saw: /bin/saw']);
    expect(calls).toEqual([]);
  });

  it('installs what is missing, all in one go, after renewing the lists', async () => {
    const { machine, calls } = machineWith({ present: [] });
    expect(await installTools([HAMMER, SAW], machine)).toEqual([
      'hammer: installed, /bin/hammer',
      'saw: installed, /bin/saw',
    ]);
    expect(calls).toEqual(['update', 'install --yes --no-install-recommends hammer-package saw-package']);
  });

  it('builds what Debian does not have', async () => {
    const { machine, calls } = machineWith({ present: ['hammer'] });
    expect(await installTools([HAMMER, LATHE], machine)).toEqual([
      'hammer: /bin/hammer',
      'lathe: installed, /bin/lathe',
    ]);
    expect(calls).toEqual(['go install tools.invalid/lathe@v1.0.0']);
  });

  it('builds while packages are installed', async () => {
    const { machine, calls } = machineWith({ present: [] });
    const built = Promise.withResolvers<boolean>();
    const goInstall = () => built.promise;
    const aptGet = async (args: readonly string[]) => {
      const isWell = await machine.aptGet(args);
      if (args[0] === 'install') built.resolve(isWell);
      return isWell;
    };
    await installTools([LATHE, HAMMER], { ...machine, goInstall, aptGet });
    expect(calls).toEqual(['update', 'install --yes --no-install-recommends hammer-package']);
  });

  it('says so when it cannot be built', async () => {
    const { machine } = machineWith({ present: [], works: false });
    const [lathe] = await installTools([LATHE], machine);
    expect(lathe).toMatch(
      /^lathe is missing\..*go install tools\.invalid\/lathe@v1\.0\.0.*go install was tried and failed/,
    );
  });

  it('leaves a person’s machine alone and says what to type', async () => {
    const { machine, calls } = machineWith({ present: ['hammer'], mayInstall: false });
    const [hammer, saw] = await installTools([HAMMER, SAW], machine);
    expect(hammer).toBe('hammer: /bin/hammer');
    expect(saw).toContain('apt-get install saw-package');
    expect(saw).toContain('https://tools.invalid');
    expect(calls).toEqual([]);
  });

  it('says that it tried when apt-get fails, and does not fail itself', async () => {
    const { machine } = machineWith({ present: [], works: false });
    const [hammer] = await installTools([HAMMER], machine);
    expect(hammer).toMatch(/^hammer is missing\..*apt-get was tried and failed/);
  });
});

describe('a tool', () => {
  it('is found on the PATH or beside it, and only when it can be executed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'leeward-tools-'));
    const place = join(folder, 'hammer');
    await writeFile(place, '');
    expect(findTool(HAMMER, `:${folder}:`)).toBeUndefined();
    await chmod(place, 0o755);
    expect(findTool(HAMMER, `/nowhere:${folder}`)).toBe(place);
    expect(findTool(HAMMER, '')).toBeUndefined();
    expect(findTool({ ...HAMMER, alsoIn: [folder] }, '')).toBe(place);
    await rm(folder, { recursive: true });
  });
});
