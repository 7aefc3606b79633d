import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { declarations } from './declarations.ts';

const root = { 'package.json': '{"name":"root","devDependencies":{"vitest":"5.1.1"}}' };
const breaches = (manifest: object, sources: Record<string, string>): string[] =>
  declarations(treeOf({ ...root, 'libs/a/package.json': JSON.stringify(manifest), ...sources }));

describe('declarations', () => {
  it('is content when product code imports dependencies, and tests devDependencies and the root tools', () => {
    const manifest = {
      dependencies: { zod: '1.0.0', '@x/y': '1.0.0' },
      devDependencies: { '@types/opossum': '1.0.0', opossum: '1.0.0', '@types/x__y': '1.0.0' },
    };
    const sources = {
      'libs/a/src/a.ts': "import { z } from 'zod'; import '@x/y/deep.js'; import { join } from 'node:path';",
      'libs/a/src/a.test.ts': "import { it } from 'vitest'; import opossum from 'opossum';",
    };
    expect(breaches(manifest, sources)).toEqual([]);
  });

  it('refuses an import that package.json does not declare', () => {
    expect(breaches({}, { 'libs/a/src/a.ts': "import { z } from 'zod';" })).toEqual([
      expect.stringContaining('zod is not declared'),
    ]);
  });

  it('refuses a tool or a devDependency in product code', () => {
    const manifest = { devDependencies: { zod: '1.0.0' } };
    expect(breaches(manifest, { 'libs/a/src/a.ts': "import { z } from 'zod';" })).toEqual([
      expect.stringContaining('zod is not declared'),
    ]);
    expect(breaches({}, { 'libs/a/src/a.ts': "import { it } from 'vitest';" })).toEqual([
      expect.stringContaining('vitest is not declared'),
    ]);
  });

  it('refuses a dependency that nothing imports, or that only a test imports', () => {
    const manifest = { dependencies: { zod: '1.0.0' } };
    expect(breaches(manifest, { 'libs/a/src/a.ts': '' })).toEqual([expect.stringContaining('dependencies: zod')]);
    expect(breaches(manifest, { 'libs/a/src/a.test.ts': "import { z } from 'zod';" })).toEqual([
      expect.stringContaining('dependencies: zod'),
    ]);
    expect(breaches({ devDependencies: { '@types/zod': '1.0.0' } }, {})).toEqual([
      expect.stringContaining('devDependencies: @types/zod'),
    ]);
  });

  it("refuses one of Node's modules without the node: prefix", () => {
    expect(breaches({}, { 'libs/a/src/a.ts': "import { join } from 'path';" })).toEqual([
      expect.stringContaining("write 'node:path'"),
    ]);
  });
});
