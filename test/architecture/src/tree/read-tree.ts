import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tree, treeOf } from './tree.ts';

/** What git ignores, and git itself. */
const IGNORED = new Set(['node_modules', '.git', 'dist', 'coverage', '.nx', '.vitest', 'out']);

/** Texts that a rule reads. Of the others (images, archives) only the path matters. */
const READ = /(?:\.(?:tsx?|md|json|ya?ml)|^\.ci\/run)$/;

/** The repository that this file stands in. */
export function readTree(): Tree {
  const root = join(import.meta.dirname, '../../../..');
  const files: Record<string, string> = {};
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (IGNORED.has(entry.name)) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files[path] = READ.test(path) ? readFileSync(join(root, path), 'utf8') : '';
    }
  };
  walk('');
  return treeOf(files);
}
