import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { cycles } from './cycles.ts';

describe('cycles', () => {
  it('is content with a file that two others share', () => {
    const files = {
      'libs/a/src/a.ts': "import './b.ts'; import './c.ts';",
      'libs/a/src/b.ts': "import './d.ts';",
      'libs/a/src/c.ts': "import './d.ts';",
      'libs/a/src/d.ts': '',
    };
    expect(cycles(treeOf(files))).toEqual([]);
  });

  it('finds a circle of three files and draws it', () => {
    const files = {
      'libs/a/src/a.ts': "import './in/b.ts';",
      'libs/a/src/in/b.ts': "export { c } from './c.ts';",
      'libs/a/src/in/c.ts': "import '../a.ts';",
    };
    expect(cycles(treeOf(files))).toEqual([
      'files in a circle: libs/a/src/a.ts → libs/a/src/in/b.ts → libs/a/src/in/c.ts → libs/a/src/a.ts',
    ]);
  });

  it('counts imports of types', () => {
    const files = {
      'libs/a/src/a.ts': "import type { B } from './b.ts';",
      'libs/a/src/b.ts': "import type { A } from './a.ts';",
    };
    expect(cycles(treeOf(files))).toHaveLength(1);
  });

  it('finds a file that comes back to itself through the door of its own package', () => {
    const files = {
      'libs/a/package.json': '{"name":"@leeward/a"}',
      'libs/a/src/index.ts': "export { x } from './x.ts';",
      'libs/a/src/x.ts': "import { y } from '@leeward/a';",
    };
    expect(cycles(treeOf(files))).toHaveLength(1);
  });

  it('finds packages that declare each other', () => {
    const files = {
      'libs/a/package.json': '{"name":"@leeward/a","dependencies":{"@leeward/b":"0.1.0"}}',
      'libs/b/package.json': '{"name":"@leeward/b","dependencies":{"@leeward/a":"0.1.0"}}',
    };
    expect(cycles(treeOf(files))).toEqual(['packages in a circle: @leeward/a → @leeward/b → @leeward/a']);
  });
});
