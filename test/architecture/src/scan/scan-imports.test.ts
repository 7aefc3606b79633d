import { describe, expect, it } from 'vitest';
import { scanImports } from './scan-imports.ts';

const specifiers = (source: string): string[] => scanImports(source).map((found) => found.specifier);

describe('scanImports', () => {
  it.each([
    ['a named import', "import { a } from './a.ts';"],
    ['a default import', "import a from './a.ts';"],
    ['a default and a named import', "import a, { b as c } from './a.ts';"],
    ['a namespace import', "import * as a from './a.ts';"],
    ['a type import', "import type { A } from './a.ts';"],
    ['an import over several lines', "import {\n  a,\n  type B,\n} from './a.ts';"],
    ['an import for its side effect', "import './a.ts';"],
    ['a re-export', "export { a, type B } from './a.ts';"],
    ['a re-export of all', "export * from './a.ts';"],
    ['a dynamic import', "const a = await import('./a.ts');"],
    ['a dynamic import with a template', 'void import(`./a.ts`);'],
    ['a type taken from a module', "type A = import('./a.ts').A;"],
    ['require', "const a = require('./a.ts');"],
    ['import.meta.resolve', "const a = import.meta.resolve('./a.ts');"],
    ['double quotes', 'import { a } from "./a.ts";'],
    ['an import behind a local export', "export { b };\nimport { a } from './a.ts';"],
  ])('finds %s', (_what, source) => {
    expect(specifiers(source)).toEqual(['./a.ts']);
  });

  it.each([
    ['a comment', "// import { a } from './a.ts';"],
    ['a string', 'const s = "import { a } from \'./a.ts\'";'],
    ['a template', "const s = `import './a.ts'`;"],
    ['a method of that name', "thing.import('./a.ts');"],
    ['an exported constant whose text says from', "export const from = 'x';"],
    ['a call with from before a string', "export const a = Buffer.from('x');"],
  ])('takes no import from %s', (_what, source) => {
    expect(specifiers(source)).toEqual([]);
  });

  it('tells imports of types from imports of values', () => {
    const typeOnly = (source: string): boolean | undefined => scanImports(source)[0]?.typeOnly;
    expect(typeOnly("import type { A } from './a.ts';")).toBe(true);
    expect(typeOnly("import type A from './a.ts';")).toBe(true);
    expect(typeOnly("import { type A, type B } from './a.ts';")).toBe(true);
    expect(typeOnly("import { type A, b } from './a.ts';")).toBe(false);
    expect(typeOnly("import {} from './a.ts';")).toBe(false);
    expect(typeOnly("import './a.ts';")).toBe(false);
  });

  it('marks the star of a re-export, not that of a namespace import', () => {
    expect(scanImports("export * from './a.ts';")[0]?.star).toBe(true);
    expect(scanImports("export * as a from './a.ts';")[0]?.star).toBe(true);
    expect(scanImports("import * as a from './a.ts';")[0]?.star).toBe(false);
  });

  it('reports the line', () => {
    expect(scanImports("/*\n*/\nimport './a.ts';\n\nimport './b.ts';").map((found) => found.line)).toEqual([3, 5]);
  });
});
