import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { TOP_LEVEL, topLevel } from './top-level.ts';

const house = Object.fromEntries(
  Array.from(TOP_LEVEL, (name) => [name.endsWith('/') ? `${name}a/b.md` : name, name === 'package.json' ? '{}' : '']),
);
const breaches = (files: Record<string, string>): string[] => topLevel(treeOf({ ...house, ...files }));

describe('the top level', () => {
  it('may hold what is on its list, and that whatever it likes', () => {
    expect(breaches({})).toEqual([]);
    expect(breaches({ 'libs/a/src/scripts/b.ts': '', 'docs/tsconfig.build.json': '' })).toEqual([]);
  });

  it.each(['scripts/a.ts', 'vite.config.ts', '.github/workflows/a.yaml', 'notes.md'])('refuses %s', (path) => {
    expect(breaches({ [path]: '' })).toEqual([expect.stringContaining(path.replace(/\/.*/, '/'))]);
  });

  it('misses what is gone', () => {
    const { LICENSE: _, ...rest } = house;
    expect(topLevel(treeOf(rest))).toEqual(['LICENSE: missing from the top level']);
  });
});
