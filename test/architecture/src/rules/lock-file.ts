import { isDeepStrictEqual } from 'node:util';
import { type Manifest, member, strings } from '../tree/tree.ts';
import type { Rule } from './rule.ts';

/**
 * `npm ci` must work on every platform, from any registry. npm can write a lock file that names an optional platform
 * binary without an entry for it (when the registry lacks it at that moment); `npm ci` then refuses, elsewhere, later.
 * It refuses as well when a package.json changed and the lock file did not. And a `resolved` address ties the lock file
 * to one registry; `integrity` alone says what is meant.
 */
export const lockFile: Rule = (tree) => {
  const text = tree.files.get('package-lock.json');
  if (text === undefined) return ['package-lock.json: missing'];
  const packages = new Map<string, unknown>(Object.entries(member(JSON.parse(text), 'packages') ?? {}));
  const stale = tree.manifests.filter((manifest) => !isLockedAs(manifest, packages.get(manifest.folder)));
  return [
    ...stale.map(({ path }) => `package-lock.json: does not know what ${path} says now; run npm install`),
    ...[...packages].flatMap(([place, entry]) => entryBreaches(packages, place, entry)),
  ];
};

function entryBreaches(packages: ReadonlyMap<string, unknown>, place: string, entry: unknown): string[] {
  const resolved = member(entry, 'resolved');
  const isLink = member(entry, 'link') === true;
  const isRemote = typeof resolved === 'string' && /^[a-z+]+:/.test(resolved);
  const isSealed = !place.includes('node_modules/') || isLink || member(entry, 'integrity') !== undefined;
  return [
    ...(isRemote ? [`package-lock.json: ${place} is tied to an address; leave resolved out`] : []),
    ...(isSealed ? [] : [`package-lock.json: ${place} has no integrity`]),
    ...Object.keys(strings(member(entry, 'optionalDependencies')))
      .filter((name) => !isLocked(packages, place, name))
      .map((name) => `package-lock.json: ${place === '' ? 'the root' : place} names ${name}, which has no entry`),
  ];
}

function isLockedAs(manifest: Manifest, entry: unknown): boolean {
  return (['dependencies', 'devDependencies', 'optionalDependencies'] as const).every((kind) =>
    isDeepStrictEqual(strings(member(entry, kind)), { ...manifest[kind] }),
  );
}

/** npm looks for a package beside the one that asks, then in each folder above. */
function isLocked(packages: ReadonlyMap<string, unknown>, from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.replace(/(?:^|\/)[^/]*$/, '')) {
    if (packages.has(folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`)) return true;
    if (folder === '') return false;
  }
}
