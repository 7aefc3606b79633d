import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { exportsByName } from './exports.ts';

const breaches = (path: string, text: string): string[] => exportsByName(treeOf({ [path]: text }));

describe('exportsByName', () => {
  it('is content with named exports', () => {
    expect(
      breaches('libs/a/src/index.ts', "export { a, type B } from './a.ts';\nexport const c = { default: 1 };"),
    ).toEqual([]);
  });

  it.each([
    'export default function f() {}',
    'const a = 1; export { a as default };',
    "export { a as default, b } from './a.ts';",
    "export * from './a.ts';",
    "export * as a from './a.ts';",
  ])('refuses: %s', (text) => {
    expect(breaches('libs/a/src/a.ts', text)).toHaveLength(1);
  });

  it('refuses a public door of more than forty lines, and no other long file', () => {
    const lines = Array.from({ length: 41 }, (_none, index) => `export { a${index} } from './a.ts';`);
    expect(breaches('libs/a/src/index.ts', lines.join('\n'))).toEqual([expect.stringContaining('41 lines')]);
    expect(breaches('libs/a/src/index.ts', `${lines.slice(1).join('\n')}\n`)).toEqual([]);
    expect(breaches('libs/a/src/a.ts', lines.join('\n'))).toEqual([]);
  });
});
