import { describe, expect, it } from 'vitest';
import { commands } from './rules/commands.ts';
import { configKeys } from './rules/config-keys.ts';
import { cycles } from './rules/cycles.ts';
import { declarations } from './rules/declarations.ts';
import { errorPages } from './rules/error-pages.ts';
import { exportsByName } from './rules/exports.ts';
import { hiddenInputs } from './rules/hidden-inputs.ts';
import { layers } from './rules/layers.ts';
import { lockFile } from './rules/lock-file.ts';
import { names } from './rules/names.ts';
import { papers } from './rules/papers.ts';
import { pins } from './rules/pins.ts';
import type { Rule } from './rules/rule.ts';
import { topLevel } from './rules/top-level.ts';
import { unfinished } from './rules/unfinished.ts';
import { vendors } from './rules/vendors.ts';
import { readTree } from './tree/read-tree.ts';

/** The repository itself, before every rule. That a rule can fail is proved beside it. */
const walls: readonly (readonly [string, Rule])[] = [
  ['the top level holds what is on its list', topLevel],
  ['imports point from services to domain to platform, through public doors', layers],
  ['every package declares what it imports and imports what it declares', declarations],
  ['no file and no package needs itself', cycles],
  ['every vendor lives in its one home', vendors],
  ['time, chance and the environment are parameters', hiddenInputs],
  ['what leaves a file has a name, and public doors are narrow', exportsByName],
  ['files carry the words of the vocabulary and stay small', names],
  ['the lock file installs on every platform, from any registry', lockFile],
  ['every version is exact and the same everywhere', pins],
  ['the error register, its page and the code agree', errorPages],
  ['every config key that is written about is read', configKeys],
  ['every command in the papers exists, and CI runs the README’s', commands],
  ['every link and every place in the papers exists', papers],
  ['nothing is skipped and nothing is left for later', unfinished],
];

describe('the house', () => {
  const tree = readTree();

  it.each(walls)('%s', (_sentence, rule) => {
    expect(rule(tree)).toEqual([]);
  });

  it('was read: there are sources, packages and papers', () => {
    expect(tree.sources.length).toBeGreaterThan(50);
    expect(tree.manifests.length).toBeGreaterThan(10);
    expect(tree.files.has('README.md')).toBe(true);
  });
});
