/**
 * What the schema found wrong, in the words of an operator: the path, the bound, and the value where it is safe to
 * show. Safe are numbers where a number belongs, and text where only a closed vocabulary belongs; any other text may
 * be a secret in the wrong place, so only its kind is named.
 */
import type { z } from 'zod';
import { keysAllowedAt, type SchemaNode } from './json-schema.ts';
import { nearestWord } from './nearest-word.ts';
import { type Path, quoted } from './problem.ts';

export interface Explanation {
  readonly path: Path;
  readonly problem: string;
}

type Issue = z.core.$ZodIssue;

export function explain(issues: readonly Issue[], raw: unknown, schema: SchemaNode): Explanation[] {
  return issues.flatMap((issue) => explainOne(issue, [], raw, schema));
}

function explainOne(issue: Issue, parent: Path, raw: unknown, schema: SchemaNode): Explanation[] {
  const path = [...parent, ...issue.path.filter((step) => typeof step !== 'symbol')];
  const value = valueAt(raw, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], problem: unknownKey(key, keysAllowedAt(path, schema)) }));
    case 'invalid_union': {
      const branch = issue.errors.find((issues) => !issues.some(isMismatch));
      if (branch !== undefined) return branch.flatMap((inner) => explainOne(inner, path, raw, schema));
      return [{ path, problem: `${issue.message}, ${kindOf(value)}` }];
    }
    case 'invalid_key':
      return [{ path, problem: `has a name that must be ${issue.issues.map((inner) => nameRule(inner)).join('; ')}` }];
    case 'invalid_element':
      return issue.issues.flatMap((inner) => explainOne(inner, path, raw, schema));
    case 'custom':
      return [{ path, problem: withShown(issue.message, path, value) }];
    case 'invalid_type':
    case 'invalid_value':
    case 'invalid_format':
    case 'too_big':
    case 'too_small':
    case 'not_multiple_of':
      if (value === undefined) return [{ path, problem: `is missing; ${rule(issue)}` }];
      return [{ path, problem: `${rule(issue)}, ${shown(path, value, isAboutNumber(issue))}` }];
  }
}

type ValueIssue = Extract<
  Issue,
  { code: 'invalid_type' | 'invalid_value' | 'invalid_format' | 'too_big' | 'too_small' | 'not_multiple_of' }
>;

function rule(issue: ValueIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(' or ')}`;
    case 'invalid_format':
      if (issue.format === 'url') return 'must be a URL that begins with http:// or https://';
      return `must be ${ownWords(issue.message) ?? `of the form ${issue.pattern ?? issue.format}`}`;
    case 'too_big':
      return `must ${counted(issue.origin)} at most ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    case 'too_small':
      return `must ${counted(issue.origin)} at least ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function counted(origin: string): string {
  return origin === 'array' ? 'have' : 'be';
}

function unit(origin: string, count: number | bigint): string {
  if (origin === 'array') return count === 1 ? ' entry' : ' entries';
  if (origin === 'string') return count === 1 ? ' character long' : ' characters long';
  return '';
}

/** A rule that the schema states in its own words; the library's default text begins with one of these. */
function ownWords(message: string): string | undefined {
  return /^(Invalid|Too|Unrecognized)\b/.test(message) ? undefined : message;
}

function nameRule(issue: Issue): string {
  if (issue.code === 'too_big') return `at most ${issue.maximum} characters long`;
  if (issue.code === 'too_small') return `at least ${issue.minimum} characters long`;
  return ownWords(issue.message) ?? 'well formed';
}

function unknownKey(key: string, allowed: readonly string[]): string {
  const meant = nearestWord(key, allowed);
  if (meant !== undefined) return `is not a known key; did you mean ${meant}?`;
  return allowed.length === 0 ? 'is not a known key' : `is not a known key; known here are ${allowed.join(', ')}`;
}

/** The branch of a union that was not even meant: the value is of another kind altogether. */
function isMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function isAboutNumber(issue: ValueIssue): boolean {
  if (issue.code === 'invalid_type') return issue.expected === 'number' || issue.expected === 'int';
  return (issue.code === 'too_big' || issue.code === 'too_small') && issue.origin !== 'string';
}

/** Places whose text comes from a closed vocabulary or repeats a name, and is of no use to a thief. */
const SHOWN_PLACES = /^(listen\.(data|admin)|providers\..+\.dialect|routes\..+\.recovery|telemetry\.logLevel)$/;

function shown(path: Path, value: unknown, numberBelongs: boolean): string {
  if (numberBelongs && typeof value === 'number') return `is ${value}`;
  if (numberBelongs && Array.isArray(value)) return `has ${value.length}`;
  if (typeof value === 'string' && SHOWN_PLACES.test(path.join('.'))) return `is ${quoted(value)}`;
  return kindOf(value);
}

function withShown(message: string, path: Path, value: unknown): string {
  return typeof value === 'string' && SHOWN_PLACES.test(path.join('.')) ? `${message}, is ${quoted(value)}` : message;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'is empty';
  if (typeof value === 'string') return `is a text of ${value.length} characters`;
  if (typeof value === 'number') return 'is a number';
  if (typeof value === 'boolean') return `is ${value}`;
  return Array.isArray(value) ? 'is a list' : 'is a mapping';
}

export function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}
