/**
 * One config, from bytes to frozen settings: read → YAML with lines → secrets resolved → schema → cross-checks. It
 * never throws for what the operator wrote, and reports everything that is wrong at once, not the first thing only.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { REDACTED, type Secret } from '@leeward/kernel';
import { crossCheck } from './cross-checks.ts';
import { type LineOf, MAX_CONFIG_BYTES, readDocument } from './document.ts';
import type { Environment } from './environment.ts';
import { type Explanation, explain } from './explain.ts';
import { type ReadFile, readFailure } from './files.ts';
import { settingsJsonSchema } from './json-schema.ts';
import { pathText, type Problem } from './problem.ts';
import { settingsSchema } from './schema.ts';
import { directoryOf, resolveSecrets, type SecretProblem } from './secrets.ts';
import { type Auth, deepFreeze, type Settings } from './settings.ts';

/** A file, or text that has no file (the built-in config, the demo, tests). */
export type ConfigInput = { readonly path: string } | { readonly text: string };

export interface ConfigDeps {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** What each file that was read, or tried, held; a later reading that differs is a change (watch.ts). */
export type Sources = ReadonlyMap<string, Source>;

export interface Source {
  /** A hash of what was read, or in words why nothing could be. */
  readonly content: string;
  readonly maxBytes: number;
}

export type ConfigResult =
  | {
      readonly kind: 'ok';
      readonly settings: Settings;
      readonly warnings: readonly Problem[];
      readonly sources: Sources;
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[]; readonly sources: Sources };

/** More help than this helps nobody. */
const MAX_PROBLEMS = 100;

/** Shorter "secrets" are words that occur in any message; nothing that short protects anything. */
const MIN_SCRUBBED = 6;

export async function loadConfig(input: ConfigInput, deps: ConfigDeps): Promise<ConfigResult> {
  const sources = new Map<string, Source>();
  const readFile = recording(deps.readFile, sources);
  const directory = 'path' in input ? directoryOf(input.path) : resolve('.');
  const bytes = await configBytes(input, readFile);
  if (typeof bytes === 'string') return refused([{ path: '(config)', problem: bytes }], sources);

  const document = readDocument(bytes);
  if (document.kind === 'refused') return refused(document.problems, sources);
  const {
    value,
    problems: secretProblems,
    forbidden,
  } = await resolveSecrets(document.value, { ...deps, readFile, directory });
  const parsed = settingsSchema.safeParse(value);
  const schemaProblems = parsed.success ? [] : explain(parsed.error.issues, value, settingsJsonSchema());
  const { problems: crossProblems, warnings } = crossCheck(value);

  const locate = (found: readonly (Explanation | SecretProblem)[]) => found.map((one) => located(one, document.lineOf));
  // What one step could give no value for is told once, and not again as missing by the next.
  const secrets = without(locate(secretProblems), document.problems);
  const others = locate([...schemaProblems, ...crossProblems]);
  const problems = [...document.problems, ...without(others, [...document.problems, ...secrets]), ...secrets];
  if (!parsed.success || problems.length > 0) return refused(problems, sources, forbidden);
  const settings = settingsFrom(parsed.data, fingerprintOf(sources, bytes));
  return { kind: 'ok', settings, warnings: readable(locate(warnings), forbidden), sources };
}

/** Equal for equal contents of the same files; a text without a file counts by its own bytes. */
export function fingerprintOf(sources: Sources, config?: Uint8Array): string {
  const hash = createHash('sha256');
  if (sources.size === 0 && config !== undefined) hash.update(config);
  for (const [path, { content }] of [...sources].sort(([left], [right]) => (left < right ? -1 : 1))) {
    hash.update(JSON.stringify([path, content]));
  }
  return hash.digest('hex');
}

/** Reads the same files again, for comparison only. */
export async function observe(sources: Sources, readFile: ReadFile): Promise<Sources> {
  const seen = new Map<string, Source>();
  const record = recording(readFile, seen);
  for (const [path, { maxBytes }] of sources) await record(path, maxBytes).catch(ALREADY_RECORDED);
  return seen;
}

/** A file that cannot be read is an observation too. */
const ALREADY_RECORDED = () => undefined;

function recording(readFile: ReadFile, sources: Map<string, Source>): ReadFile {
  return async (path, maxBytes) => {
    try {
      const bytes = await readFile(path, maxBytes);
      sources.set(path, { content: contentHash(bytes), maxBytes });
      return bytes;
    } catch (error) {
      sources.set(path, { content: readFailure(error), maxBytes });
      throw error;
    }
  };
}

function contentHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes, or in words why there are none. */
async function configBytes(input: ConfigInput, readFile: ReadFile): Promise<Uint8Array | string> {
  if ('text' in input) return Buffer.from(input.text);
  try {
    return await readFile(resolve(input.path), MAX_CONFIG_BYTES);
  } catch (error) {
    return `cannot be read: the file ${readFailure(error)}`;
  }
}

function without(found: readonly Problem[], told: readonly Problem[]): Problem[] {
  const places = new Set(told.map(({ path }) => path));
  return found.filter(({ path }) => !places.has(path));
}

function located({ path, ...rest }: Explanation | SecretProblem, lineOf: LineOf): Problem {
  const line = lineOf(path);
  return { path: pathText(path), ...rest, ...(line === undefined ? {} : { line }) };
}

function refused(
  problems: readonly Problem[],
  sources: Sources,
  forbidden: ReadonlySet<string> = new Set(),
): ConfigResult {
  return { kind: 'refused', problems: readable(problems, forbidden), sources };
}

/** In the order of the file, as many as a person reads, mistakes before missing secrets, and without secrets. */
function readable(problems: readonly Problem[], forbidden: ReadonlySet<string>): Problem[] {
  const byWeight = problems.toSorted((left, right) => Number(left.isUnread === true) - Number(right.isUnread === true));
  const rest = byWeight.slice(MAX_PROBLEMS);
  const shown = byWeight
    .slice(0, MAX_PROBLEMS)
    .toSorted((left, right) => (left.line ?? 0) - (right.line ?? 0))
    .map((one) => ({ ...one, path: scrubbed(one.path, forbidden), problem: scrubbed(one.problem, forbidden) }));
  if (rest.length === 0) return shown;
  const more = { path: '(config)', problem: `has ${rest.length} more like these` };
  return [...shown, rest.every(({ isUnread }) => isUnread === true) ? { ...more, isUnread: true } : more];
}

/** The last line of defence: a secret that also stands somewhere else (as a name, say) is not shown there either. */
function scrubbed(text: string, forbidden: ReadonlySet<string>): string {
  let clean = text;
  for (const secret of forbidden) {
    if (secret.length < MIN_SCRUBBED) continue;
    clean = clean.replaceAll(secret, REDACTED).replaceAll(JSON.stringify(secret).slice(1, -1), REDACTED);
  }
  return clean;
}

type Parsed = ReturnType<typeof settingsSchema.parse>;

function settingsFrom({ auth, admin, providers, routes, ...rest }: Parsed, fingerprint: string): Settings {
  const bareProviders = Object.entries(providers).map(([name, provider]) => {
    const groups = Object.entries(provider.quotaGroups).map(
      ([group, { limits }]) => [group, { limits: bare(limits) }] as const,
    );
    return [name, { ...provider, quotaGroups: bare(Object.fromEntries(groups)) }] as const;
  });
  return deepFreeze({
    ...rest,
    auth: authFrom(auth),
    admin: { tokenSha256: admin.token === undefined ? undefined : sha256Of(admin.token) },
    providers: bare(Object.fromEntries(bareProviders)),
    routes: bare(routes),
    fingerprint,
  });
}

function authFrom(auth: Parsed['auth']): Auth {
  if (auth === undefined || auth === 'none') return { kind: 'none' };
  const keys = auth.clientKeys.map(({ name, secret }) => {
    return { name, sha256: sha256Of(secret) };
  });
  return { kind: 'client-keys', keys };
}

function sha256Of(secret: Secret): Buffer {
  return createHash('sha256').update(secret.reveal()).digest();
}

/** Without a prototype, so that a client who asks for the model `constructor` finds nothing. */
function bare<T>(record: Record<string, T>): Record<string, T> {
  return Object.setPrototypeOf({ ...record }, null) as Record<string, T>;
}
