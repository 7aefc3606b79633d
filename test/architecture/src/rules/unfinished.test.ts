import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { unfinished } from './unfinished.ts';

const breaches = (text: string, path = 'libs/a/src/a.test.ts'): string[] => unfinished(treeOf({ [path]: text }));

describe('unfinished', () => {
  it.each([
    "it.skip('x', () => {});",
    "describe.only('x', () => {});",
    "test.todo('x');",
    "it.concurrent.skip('x', () => {});",
    "it.skipIf(ci)('x', () => {});",
    "xit('x', () => {});",
    "it('x', (ctx) => ctx.skip());",
  ])('refuses the test %s', (text) => {
    expect(breaches(text)).toHaveLength(1);
  });

  it.each(['// TODO: later', 'a(); // FIXME', '/* XXX */', '/**\n * TODO more\n */', '// @ts-ignore'])(
    'refuses the comment %s',
    (text) => {
      expect(breaches(text, 'libs/a/src/a.ts')).toHaveLength(1);
    },
  );

  it.each([
    "it('skips nothing', () => {});",
    'iterator.skip(1);',
    "const words = 'TODO';",
    "f('// TODO');",
    '// Nothing is left.',
  ])('has nothing against %s', (text) => {
    expect(breaches(text)).toEqual([]);
  });
});
