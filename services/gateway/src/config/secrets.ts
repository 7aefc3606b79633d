/**
 * Secrets enter by reference only: `env:NAME` or `file:PATH`. A literal in the file is refused, because config files
 * are committed, mounted and printed. What a reference leads to becomes a header of a request, so it must be one line
 * of visible ASCII: anything else is either a mistake in how the secret was stored or an attempt to add headers.
 *
 * The references are replaced in the raw tree before the schema sees it. A reference that fails is replaced by a
 * stand-in, so that the schema has nothing to add to what is reported here.
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import { Secret } from '@leeward/kernel';
import type { Environment } from './environment.ts';
import { readFailure, type ReadFile } from './files.ts';
import type { Path } from './problem.ts';

/** What a schema accepts where a secret is referred to; also the pattern in the JSON Schema. */
export const SECRET_REFERENCE = '^(env|file):.+$';

/** A key has some 40 bytes. The bound only stops a path that leads to something else entirely. */
const MAX_SECRET_BYTES = 64 * 1024;

/** More references than all key lists may hold together are not worth reading one by one. */
const MAX_REFERENCES = 20_000;

export interface SecretDeps {
  readonly env: Environment;
  readonly readFile: ReadFile;
  /** Where relative `file:` paths begin. */
  readonly directory: string;
}

export interface SecretProblem {
  readonly path: Path;
  readonly problem: string;
  /** The reference leads nowhere, on this machine; without it, the mistake is in the file. */
  readonly isUnread?: true;
}

export interface ResolvedSecrets {
  /** The tree with each reference replaced; the tree given is left as it was. */
  readonly value: unknown;
  readonly problems: readonly SecretProblem[];
  /** Every text that no message may contain: what references led to, and literals that should have been references. */
  readonly forbidden: ReadonlySet<string>;
}

/** Where secrets stand in the file; `*` is any name or position. */
const SECRET_PLACES: readonly Path[] = [
  ['auth', 'clientKeys', '*', 'secret'],
  ['providers', '*', 'keys', '*', 'secret'],
];

/** Those that may be absent. */
const OPTIONAL_PLACES: readonly Path[] = [['admin', 'token']];

/** Secrets that may be absent, and may have several lines: certificates, credential files. */
const TEXT_PLACES: readonly Path[] = [
  ...['credentials', 'password', 'nkeySeed'].map((name): Path => ['cluster', 'nats', name]),
  ...['ca', 'cert', 'key'].map((name): Path => ['cluster', 'nats', 'tls', name]),
  ...['cert', 'key'].map((name): Path => ['listen', 'dataTls', name]),
  ...['cert', 'key', 'clientCa'].map((name): Path => ['listen', 'adminTls', name]),
];

/** A collector's headers may hold a token or something plain, so here a reference is welcome and a literal allowed. */
const HEADERS_PLACE: Path = ['telemetry', 'otlp', 'headers', '*'];

export async function resolveSecrets(raw: unknown, deps: SecretDeps): Promise<ResolvedSecrets> {
  const reader = new SecretReader(deps);
  let value = raw;
  for (const place of SECRET_PLACES) {
    value = await replaceAt(value, place, [], (found, path) => reader.secret(found, path));
  }
  for (const [places, allowed] of [
    [OPTIONAL_PLACES, VISIBLE],
    [TEXT_PLACES, TEXT],
  ] as const) {
    for (const place of places) {
      value = await replaceAt(value, place, [], (found, path) =>
        found === undefined ? Promise.resolve(undefined) : reader.secret(found, path, allowed),
      );
    }
  }
  value = await replaceAt(value, HEADERS_PLACE, [], (found, path) => reader.header(found, path));
  return { value, problems: reader.problems, forbidden: reader.forbidden };
}

class SecretReader {
  readonly problems: SecretProblem[] = [];
  readonly forbidden = new Set<string>();
  readonly #deps: SecretDeps;
  readonly #files = new Map<string, Promise<Found>>();
  #references = 0;

  constructor(deps: SecretDeps) {
    this.#deps = deps;
  }

  async secret(found: unknown, path: Path, allowed = VISIBLE): Promise<Secret> {
    if (typeof found === 'string' && /^(env|file):/.test(found)) {
      return new Secret(await this.#follow(found, path, allowed));
    }
    // Whatever it is, it may be the secret itself, so not even a number is shown.
    if (typeof found === 'string' || typeof found === 'number') this.forbidden.add(String(found));
    this.#refuse(
      path,
      found === undefined || found === null ? `is missing; ${HOW}` : `must not be written here; ${HOW}`,
    );
    return new Secret('');
  }

  async header(found: unknown, path: Path): Promise<unknown> {
    if (typeof found !== 'string') return found;
    if (/^(env|file):/.test(found)) return this.#follow(found, path, VISIBLE_OR_SPACE);
    this.forbidden.add(found);
    if (!VISIBLE_OR_SPACE.test(found)) this.#refuse(path, `must be ${ONE_LINE}, is not`);
    return found;
  }

  async #follow(reference: string, path: Path, allowed: RegExp): Promise<string> {
    if (++this.#references > MAX_REFERENCES) {
      this.#refuse(path, `must be among the first ${MAX_REFERENCES} secrets of the file, is not`);
      return '';
    }
    const found = reference.startsWith('env:')
      ? this.#fromEnvironment(reference.slice('env:'.length))
      : await this.#fromFile(reference.slice('file:'.length));
    if (found.kind === 'refused') {
      this.problems.push({ path, problem: found.problem, isUnread: true });
      return '';
    }
    this.forbidden.add(found.text);
    if (!allowed.test(found.text)) {
      const wanted = allowed === TEXT ? 'ASCII text' : ONE_LINE;
      this.#refuse(path, `must be ${wanted}; ${found.source} holds something else`);
      return '';
    }
    return found.text;
  }

  #fromEnvironment(name: string): Found {
    // Only what looks like a variable's name is shown: after `env:`, too, someone may have pasted the secret.
    const source =
      /^[A-Z][A-Z0-9_]{0,99}$/.test(name) && !/^[A-Z0-9]{24,}$/.test(name)
        ? `the environment variable ${name}`
        : 'the environment variable it names';
    const value = Object.hasOwn(this.#deps.env, name) ? this.#deps.env[name] : undefined;
    if (value === undefined) return { kind: 'refused', problem: `cannot be read: ${source} is not set` };
    return found(value, source);
  }

  #fromFile(path: string): Promise<Found> {
    const absolute = isAbsolute(path) ? path : resolve(this.#deps.directory, path);
    const reading = this.#files.get(absolute) ?? this.#readFile(absolute, path);
    this.#files.set(absolute, reading);
    return reading;
  }

  async #readFile(absolute: string, asWritten: string): Promise<Found> {
    const source = /^[\w./~-]*\/[\w./~-]+$/.test(asWritten) ? `the file ${asWritten}` : 'the file it names';
    let bytes: Uint8Array;
    try {
      bytes = await this.#deps.readFile(absolute, MAX_SECRET_BYTES);
    } catch (error) {
      return { kind: 'refused', problem: `cannot be read: ${source} ${readFailure(error)}` };
    }
    if (bytes.length > MAX_SECRET_BYTES) {
      return {
        kind: 'refused',
        problem: `cannot be read: ${source} must have at most ${MAX_SECRET_BYTES} bytes, has more`,
      };
    }
    // latin1 keeps each byte a character, so that what is not ASCII is still seen as such.
    return found(Buffer.from(bytes).toString('latin1'), source);
  }

  #refuse(path: Path, problem: string): void {
    this.problems.push({ path, problem });
  }
}

type Found =
  | { readonly kind: 'ok'; readonly text: string; readonly source: string }
  | { readonly kind: 'refused'; readonly problem: string };

/** One line break at the end is an editor's or `kubectl`'s, never the secret's. */
function found(raw: string, source: string): Found {
  const text = raw.replace(/\r?\n$/, '');
  if (text.trim() === '') return { kind: 'refused', problem: `cannot be read: ${source} is empty` };
  return { kind: 'ok', text, source };
}

/** Visible ASCII, the only thing that may stand in a key that is sent as a header. */
const VISIBLE = /^[\x21-\x7e]+$/;

/** A header's whole value may hold spaces inside: `Bearer abc`. */
const VISIBLE_OR_SPACE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** Lines of text; what it must lead to is the schema's to say. */
const TEXT = /^[\t\r\n\x20-\x7e]+$/;

const HOW = 'write env:NAME or file:PATH, which say where the secret is';
const ONE_LINE = 'one line of visible ASCII characters';

/** Rebuilds the branches that lead to `place` and nothing else; what has another shape is the schema's to refuse. */
async function replaceAt(
  value: unknown,
  place: Path,
  path: Path,
  replace: (found: unknown, path: Path) => Promise<unknown>,
): Promise<unknown> {
  const [step, ...rest] = place;
  if (step === undefined) return replace(value, path);
  if (Array.isArray(value)) {
    if (step !== '*') return value;
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) items.push(await replaceAt(item, rest, [...path, index], replace));
    return items;
  }
  if (!isMapping(value)) return value;
  if (step === '*') {
    const entries: [string, unknown][] = [];
    for (const [name, item] of Object.entries(value)) {
      entries.push([name, await replaceAt(item, rest, [...path, name], replace)]);
    }
    return Object.fromEntries(entries);
  }
  // The last step is asked even when it is absent: a missing secret is reported with the others.
  if (!Object.hasOwn(value, step) && rest.length > 0) return value;
  const inner = await replaceAt(Object.hasOwn(value, step) ? value[step] : undefined, rest, [...path, step], replace);
  return Object.fromEntries([...Object.entries(value).filter(([name]) => name !== step), [step, inner]]);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

/** Where `file:` paths of a config begin: beside the config, so that both can be moved together. */
export function directoryOf(configPath: string): string {
  return dirname(resolve(configPath));
}
