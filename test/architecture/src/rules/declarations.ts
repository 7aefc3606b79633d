import { isBuiltin } from 'node:module';
import { type Manifest, manifestOf, type Source, type Tree } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

/**
 * Each package says what it needs, and needs what it says. Product code imports `dependencies`; tests also
 * `devDependencies` and the root's tools. Without this, hoisting lets any file import anything and an update of one
 * package breaks another that never named it.
 */
export const declarations: Rule = (tree) => [
  ...tree.sources.flatMap((source) => undeclared(tree, source)),
  ...tree.manifests.filter(({ folder }) => folder !== '').flatMap((manifest) => unused(tree, manifest)),
];

function undeclared(tree: Tree, source: Source): string[] {
  const own = manifestOf(tree, source.path);
  const root = tree.manifests.find(({ folder }) => folder === '');
  const declared = new Set([
    ...Object.keys(own?.dependencies ?? {}),
    ...(source.isTest ? [...Object.keys(own?.devDependencies ?? {}), ...Object.keys(root?.devDependencies ?? {})] : []),
  ]);
  return source.imports.flatMap(({ specifier, line }) => {
    const place = `${source.path}:${line}`;
    if (specifier.startsWith('.') || specifier.startsWith('node:')) return [];
    if (isBuiltin(specifier)) return [`${place}: '${specifier}' is Node's own; write 'node:${specifier}'`];
    return declared.has(packageOf(specifier))
      ? []
      : [`${place}: ${packageOf(specifier)} is not declared in ${own?.path ?? 'any package.json'}`];
  });
}

function unused(tree: Tree, manifest: Manifest): string[] {
  const sources = tree.sources.filter(({ path }) => path.startsWith(`${manifest.folder}/`));
  const inProduct = importedBy(manifest.folder.startsWith('test/') ? sources : sources.filter(({ isTest }) => !isTest));
  const anywhere = importedBy(sources);
  return [
    ...Object.keys(manifest.dependencies)
      .filter((name) => !inProduct.has(name))
      .map((name) => `dependencies: ${name}`),
    ...Object.keys(manifest.devDependencies)
      .filter((name) => !anywhere.has(typed(name)))
      .map((name) => `devDependencies: ${name}`),
  ].map((what) => `${manifest.path}: nothing imports what it declares under ${what}`);
}

function importedBy(sources: readonly Source[]): Set<string> {
  return new Set(sources.flatMap(({ imports }) => imports.map(({ specifier }) => packageOf(specifier))));
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The package whose types `@types/...` holds. */
function typed(name: string): string {
  const bare = name.startsWith('@types/') ? name.slice('@types/'.length) : name;
  return bare.includes('__') ? `@${bare.replace('__', '/')}` : bare;
}
