import { maskSource } from '../scan/mask-source.ts';
import { type Import, scanImports } from '../scan/scan-imports.ts';

/**
 * What the rules look at: the repository as a map from path to text, with the parts that several rules read already
 * taken out of it. Built from a plain object, so that a rule's test plants three files and sees the rule fail.
 */
export interface Tree {
  /** Every text file, by its path from the root, with forward slashes. */
  readonly files: ReadonlyMap<string, string>;
  readonly sources: readonly Source[];
  readonly manifests: readonly Manifest[];
}

/** One TypeScript file under libs, services, test or a folder of deploy. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** The text with comments and the insides of strings blanked. */
  readonly masked: string;
  readonly imports: readonly Import[];
  /** A test, a suite or a fixture that tests share (`picker.contract.ts`, `fixtures/`), or anything under test/. */
  readonly isTest: boolean;
}

/** One package.json. */
export interface Manifest {
  readonly path: string;
  /** '' for the root. */
  readonly folder: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
}

export function treeOf(files: Readonly<Record<string, string>>): Tree {
  const entries = Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    files: new Map(entries),
    sources: entries
      .filter(([path]) => /^(?:libs|services|test|deploy\/[^/]+)\/.*\.tsx?$/.test(path))
      .map(([path, text]) => readSource(path, text)),
    manifests: entries
      .filter(([path]) => /(?:^|\/)package\.json$/.test(path))
      .map(([path, text]) => readManifest(path, text)),
  };
}

export function isTestPath(path: string): boolean {
  return path.startsWith('test/') || /\/fixtures\/|\.(?:test|contract)\.ts$/.test(path);
}

/** Whether a file or a folder stands at this path. */
export function exists(tree: Tree, path: string): boolean {
  if (tree.files.has(path)) return true;
  const folder = path.endsWith('/') ? path : `${path}/`;
  return [...tree.files.keys()].some((file) => file.startsWith(folder));
}

/** The package that a file belongs to: that of the nearest package.json above it. */
export function manifestOf(tree: Tree, path: string): Manifest | undefined {
  return tree.manifests
    .filter((manifest) => manifest.folder !== '' && path.startsWith(`${manifest.folder}/`))
    .sort((one, other) => other.folder.length - one.folder.length)[0];
}

function readSource(path: string, text: string): Source {
  const masked = maskSource(text);
  return { path, text, masked, imports: scanImports(text, masked), isTest: isTestPath(path) };
}

function readManifest(path: string, text: string): Manifest {
  const json: unknown = JSON.parse(text);
  const tags = member(member(json, 'nx'), 'tags');
  const name = member(json, 'name');
  return {
    path,
    folder: path.replace(/\/?package\.json$/, ''),
    name: typeof name === 'string' ? name : '',
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    dependencies: strings(member(json, 'dependencies')),
    devDependencies: strings(member(json, 'devDependencies')),
    optionalDependencies: strings(member(json, 'optionalDependencies')),
    scripts: strings(member(json, 'scripts')),
    bin: strings(member(json, 'bin')),
  };
}

/** A member of what may or may not be an object. */
export function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (Object.entries(value).find(([name]) => name === key)?.[1] as unknown)
    : undefined;
}

/** The members of what may be an object that are strings. */
export function strings(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
