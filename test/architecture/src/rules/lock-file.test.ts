import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { lockFile } from './lock-file.ts';

const breaches = (packages: object): string[] =>
  lockFile(treeOf({ 'package-lock.json': JSON.stringify({ packages }) }));
const sealed = { integrity: 'sha512-x' };

describe('lockFile', () => {
  it('is content when every optional dependency has an entry, beside or above', () => {
    const packages = {
      '': { optionalDependencies: { a: '1.0.0' } },
      'node_modules/a': { ...sealed, optionalDependencies: { b: '1.0.0', c: '1.0.0' } },
      'node_modules/b': sealed,
      'node_modules/a/node_modules/c': sealed,
      'node_modules/@leeward/kernel': { resolved: 'libs/kernel', link: true },
      'libs/kernel': {},
    };
    expect(breaches(packages)).toEqual([]);
  });

  it('refuses an optional dependency without an entry', () => {
    expect(breaches({ '': { optionalDependencies: { a: '1.0.0' } } })).toEqual([
      expect.stringContaining('the root names a'),
    ]);
    const astray = {
      'node_modules/a': { ...sealed, optionalDependencies: { c: '1.0.0' } },
      'node_modules/b/node_modules/c': sealed,
    };
    expect(breaches(astray)).toEqual([expect.stringContaining('node_modules/a names c')]);
  });

  it('refuses an address of a registry', () => {
    expect(breaches({ 'node_modules/a': { ...sealed, resolved: 'https://registry.example/a.tgz' } })).toEqual([
      expect.stringContaining('tied to an address'),
    ]);
  });

  it('refuses a package whose content is not sealed', () => {
    expect(breaches({ 'node_modules/a': {} })).toEqual([expect.stringContaining('no integrity')]);
  });

  it('refuses a lock file that is older than a package.json', () => {
    const files = (locked: object): Record<string, string> => ({
      'libs/a/package.json': '{"dependencies":{"zod":"1.0.0"}}',
      'package-lock.json': JSON.stringify({ packages: { 'libs/a': locked } }),
    });
    expect(lockFile(treeOf(files({ dependencies: { zod: '1.0.0' } })))).toEqual([]);
    expect(lockFile(treeOf(files({})))).toEqual([expect.stringContaining('libs/a/package.json')]);
    expect(lockFile(treeOf(files({ dependencies: { zod: '1.0.1' } })))).toHaveLength(1);
    expect(lockFile(treeOf(files({ dependencies: { zod: '1.0.0', pino: '1.0.0' } })))).toHaveLength(1);
  });

  it('refuses that there is no lock file', () => {
    expect(lockFile(treeOf({}))).toHaveLength(1);
  });
});
