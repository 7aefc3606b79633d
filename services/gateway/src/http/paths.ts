/**
 * Which surface a path means, and in which dialect it answers. SDKs disagree whether the base URL ends in /v1, so
 * /v1/v1 is accepted, and so is a slash at the end; the prefixes /mistral and /openai fix the dialect, and without one
 * the request tells.
 */
import type { Dialect, Surface } from '@leeward/wire';

/** What a caller is told who got the base URL wrong, which is why paths are mostly not known. */
export const UNKNOWN_PATH =
  'No surface answers on this path. Check the base URL: paths begin with /v1, /mistral/v1 or /openai/v1.';

export interface SurfacePath {
  readonly surface: Surface | 'models';
  readonly dialect: Dialect | 'auto';
  /** The path at the upstream. */
  readonly path: string;
}

const SURFACES = [
  { surface: 'chat', path: '/v1/chat/completions' },
  { surface: 'fim', path: '/v1/fim/completions' },
  { surface: 'embeddings', path: '/v1/embeddings' },
  { surface: 'models', path: '/v1/models' },
] as const;

const PREFIXES = [
  { prefix: '', dialect: 'auto' },
  { prefix: '/mistral', dialect: 'mistral' },
  { prefix: '/openai', dialect: 'openai' },
] as const;

/** Every spelling, worked out once: on the hot path a request's path is one look-up. */
const KNOWN: ReadonlyMap<string, SurfacePath> = new Map(
  PREFIXES.flatMap(({ prefix, dialect }) =>
    SURFACES.flatMap(({ surface, path }) =>
      [path, `/v1${path}`].map((spelling) => [prefix + spelling, { surface, dialect, path }] as const),
    ),
  ),
);

export function surfaceOf(url: string): SurfacePath | undefined {
  return KNOWN.get(url) ?? KNOWN.get(withoutQuery(originForm(url)).replace(/\/$/, ''));
}

/** One model of the list. Its name is a single segment, in which a slash is escaped. */
export interface ModelPath {
  readonly dialect: Dialect | 'auto';
  readonly model: string;
}

const MODEL = /^(?:\/(?<prefix>mistral|openai))?\/v1(?:\/v1)?\/models\/(?<name>[^/]+)\/?$/;

export function modelPathOf(url: string): ModelPath | undefined {
  const { prefix, name } = MODEL.exec(withoutQuery(originForm(url)))?.groups ?? {};
  if (name === undefined) return undefined;
  return { dialect: prefix === 'mistral' || prefix === 'openai' ? prefix : 'auto', model: unescaped(name) };
}

/** What cannot be unescaped is no model's name, and is looked for as it stands. */
function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The vendor's own path for anything else of its API, query included; undefined when it is not one. */
export function vendorPathOf(url: string): string | undefined {
  const path = originForm(url)
    .replace(/^\/(?:mistral|openai)(?=\/)/, '')
    .replace(/^\/v1(?=\/v[12]\/)/, '');
  if (!/^\/v[12]\//.test(path)) return undefined;
  return DOT_SEGMENT.test(withoutQuery(path)) ? undefined : path;
}

/**
 * Dot segments would leave the API's root at an upstream that resolves them. Servers differ in what they take for the
 * end of a segment: an escaped slash, a backslash, parameters after a semicolon, a fragment.
 */
const DOT_SEGMENT = /(?:\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:\/|\\|%2f|%5c|;|%3b|#|%23|$)/i;

/** A client that believes to speak to a proxy sends the whole URL (RFC 9112, 3.2.2: a server must take it). */
function originForm(url: string): string {
  return url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?#]*/i, '');
}

function withoutQuery(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
