import type { Rule } from './rule.ts';

/** All that stands at the top of the repository: a reader takes it in at one glance, and a new name there wants a reason. */
export const TOP_LEVEL: ReadonlySet<string> = new Set([
  // What is shipped, what it is made of, how it gets where it runs, what proves it, what tells of it.
  'services/',
  'libs/',
  'deploy/',
  'helm/',
  'test/',
  'docs/',
  // Papers that people and code hosts look for here.
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'LICENSE',
  // The workspace.
  'package.json',
  'package-lock.json',
  'nx.json',
  'tsconfig.base.json',
  'tsconfig.json',
  // What a tool reads only here.
  '.ci/',
  '.dockerignore',
  '.gitignore',
  '.npmrc',
  '.oxlintrc.json',
  'biome.json',
  'knip.json',
  'vitest.config.ts',
]);

/** The top level holds exactly these files and folders. */
export const topLevel: Rule = (tree) => {
  const found = new Set([...tree.files.keys()].map((path) => path.replace(/\/.*$/, '/')));
  return [
    ...[...found.difference(TOP_LEVEL)].map((name) => `${name}: not on the list of what stands at the top level`),
    ...[...TOP_LEVEL.difference(found)].map((name) => `${name}: missing from the top level`),
  ];
};
