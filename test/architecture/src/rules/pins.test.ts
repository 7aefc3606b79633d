import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { pins } from './pins.ts';

const breaches = (...manifests: object[]): string[] =>
  pins(
    treeOf(
      Object.fromEntries(manifests.map((manifest, index) => [`libs/${index}/package.json`, JSON.stringify(manifest)])),
    ),
  );

describe('pins', () => {
  it('is content with exact versions', () => {
    expect(
      breaches(
        { dependencies: { a: '1.2.3' }, devDependencies: { b: '1.0.0-rc.1' } },
        { dependencies: { a: '1.2.3' } },
      ),
    ).toEqual([]);
  });

  it.each(['^1.2.3', '~1.2.3', '1.x', '*', 'latest', '>=1.0.0', 'file:../a'])('refuses %s', (version) => {
    expect(breaches({ dependencies: { a: version } })).toHaveLength(1);
    expect(breaches({ devDependencies: { a: version } })).toHaveLength(1);
    expect(breaches({ optionalDependencies: { a: version } })).toHaveLength(1);
  });

  it('refuses two versions of one package', () => {
    expect(breaches({ dependencies: { a: '1.2.3' } }, { devDependencies: { a: '1.2.4' } })).toEqual([
      'libs/1/package.json: a is 1.2.4, but 1.2.3 in libs/0/package.json',
    ]);
  });
});
