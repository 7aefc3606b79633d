import { readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { type Tree, treeOf } from './tree.ts';

/** Texts that a rule reads. Of the others (images, archives) only the path matters. */
const READ = /(?:\.(?:tsx?|md|json|ya?ml)|^\.ci\/run)$/;

/** The repository that this file stands in. */
export function readTree(): Tree {
  const root = join(import.meta.dirname, '../../../..');
  const ignored = ignoredIn(readFileSync(join(root, '.gitignore'), 'utf8'));
  const files: Record<string, string> = {};
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (ignored.some((glob) => matchesGlob(path, glob))) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files[path] = READ.test(path) ? readFileSync(join(root, path), 'utf8') : '';
    }
  };
  walk('');
  return treeOf(files);
}

/** What git ignores, as globs, and git itself. Of its notation only what is used here: `name/`, `*.ending`, `/path/`. */
function ignoredIn(gitignore: string): string[] {
  const lines = gitignore.split('\n').filter((line) => line !== '');
  return ['.git', ...lines.map((line) => (line.startsWith('/') ? line.slice(1) : `**/${line}`).replace(/\/$/, ''))];
}
