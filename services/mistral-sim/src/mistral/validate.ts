/**
 * Runs a closed schema and says what it found in pydantic's words, which is what Mistral's 422 carries.
 *
 * As observed, the `loc` of a message's field goes through the message's role. For a field of several types the branch
 * that came furthest is reported, where pydantic lists every branch: clients show the list and read none of it.
 */
import type { z } from 'zod';
import { at, isObject } from '../json.ts';
import { type Detail, unprocessable } from './errors.ts';

type Issue = z.core.$ZodIssue;

/** The request as the schema reads it; throws the 422. */
export function validate<Output>(schema: z.ZodType<Output>, body: unknown, refuse = unprocessable): Output {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  throw refuse(read.error.issues.flatMap((issue) => describe(issue, [], body)));
}

function describe(issue: Issue, above: readonly PropertyKey[], body: unknown): Detail[] {
  const path = [...above, ...issue.path];
  const input = at(body, path);
  const loc = locate(path, body);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        type: 'extra_forbidden',
        loc: [...loc, key],
        msg: 'Extra inputs are not permitted',
        input: at(input, [key]),
      }));
    case 'invalid_union':
      return describeUnion(issue, path, body);
    case 'invalid_type':
      return [input === undefined ? missing(loc, at(body, path.slice(0, -1))) : wrongType(issue.expected, loc, input)];
    case 'too_small':
      return [outOfBounds(issue.inclusive === false ? 'gt' : 'ge', issue.minimum, loc, input)];
    case 'too_big':
      return [outOfBounds(issue.inclusive === false ? 'lt' : 'le', issue.maximum, loc, input)];
    case 'invalid_value': {
      if (input === undefined) return [missing(loc, at(body, path.slice(0, -1)))];
      const expected = listOf(issue.values.map(String));
      return [{ type: 'literal_error', loc, msg: `Input should be ${expected}`, input, ctx: { expected } }];
    }
    case 'invalid_format': {
      const pattern = (issue.pattern ?? issue.format).replaceAll(/^\/|\/$/g, '');
      return [
        {
          type: 'string_pattern_mismatch',
          loc,
          msg: `String should match pattern '${pattern}'`,
          input,
          ctx: { pattern },
        },
      ];
    }
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      return [{ type: 'value_error', loc, msg: issue.message, input }];
  }
}

function describeUnion(issue: Extract<Issue, { code: 'invalid_union' }>, path: PropertyKey[], body: unknown): Detail[] {
  if (issue.errors.length === 0) {
    // No branch for this tag; the issue stands on the tag, pydantic's on the tagged object.
    const tagged = path.slice(0, -1);
    const tag = String(path.at(-1));
    const found = at(body, path);
    const loc = locate(tagged, body);
    const input = at(body, tagged);
    if (found === undefined) {
      const msg = `Unable to extract tag using discriminator '${tag}'`;
      return [{ type: 'union_tag_not_found', loc, msg, input, ctx: { discriminator: `'${tag}'` } }];
    }
    const written = typeof found === 'string' ? found : JSON.stringify(found);
    const msg = `Input tag '${written}' found using '${tag}' does not match any of the expected tags`;
    return [{ type: 'union_tag_invalid', loc, msg, input, ctx: { discriminator: `'${tag}'`, tag: written } }];
  }
  const furthest = issue.errors.reduce((best, branch) => (depthOf(branch) > depthOf(best) ? branch : best));
  return furthest.flatMap((inner) => describe(inner, path, body));
}

/** How far a branch read before it failed: a wrong type at its very start is no attempt at all. */
function depthOf(branch: readonly Issue[]): number {
  const [first] = branch;
  if (first === undefined) return 0;
  const started = first.path.length > 0 || first.code === 'unrecognized_keys' ? 1 : 0;
  return started * 100 + first.path.length - branch.length / 100;
}

function locate(path: readonly PropertyKey[], body: unknown): (string | number)[] {
  const loc: (string | number)[] = ['body'];
  for (const [index, step] of path.entries()) {
    loc.push(typeof step === 'symbol' ? String(step) : step);
    if (typeof step !== 'number' || path[index - 1] !== 'messages') continue;
    const message = at(body, path.slice(0, index + 1));
    const role = isObject(message) ? message['role'] : undefined;
    if (typeof role === 'string' && ROLES.has(role)) loc.push(role);
  }
  return loc;
}

const ROLES = new Set(['system', 'user', 'assistant', 'tool']);

function missing(loc: Detail['loc'], parent: unknown): Detail {
  return { type: 'missing', loc, msg: 'Field required', input: parent };
}

function wrongType(expected: string, loc: Detail['loc'], input: unknown): Detail {
  const { type, words } = TYPES[expected] ?? { type: 'dict_type', words: 'a valid dictionary' };
  return { type, loc, msg: `Input should be ${words}`, input };
}

const TYPES: Readonly<Record<string, { type: string; words: string }>> = {
  string: { type: 'string_type', words: 'a valid string' },
  number: { type: 'float_type', words: 'a valid number' },
  int: { type: 'int_type', words: 'a valid integer' },
  boolean: { type: 'bool_type', words: 'a valid boolean' },
  array: { type: 'list_type', words: 'a valid list' },
  null: { type: 'none_required', words: 'None' },
};

const BOUNDS = {
  gt: { type: 'greater_than', words: 'greater than' },
  ge: { type: 'greater_than_equal', words: 'greater than or equal to' },
  lt: { type: 'less_than', words: 'less than' },
  le: { type: 'less_than_equal', words: 'less than or equal to' },
} as const;

function outOfBounds(kind: keyof typeof BOUNDS, bound: number | bigint, loc: Detail['loc'], input: unknown): Detail {
  const { type, words } = BOUNDS[kind];
  const limit = Number(bound);
  return { type, loc, msg: `Input should be ${words} ${limit}`, input, ctx: { [kind]: limit } };
}

function listOf(values: readonly string[]): string {
  const quoted = values.map((value) => `'${value}'`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
