/**
 * A value that satisfies a JSON Schema, the same for the same seed: what stands behind tool arguments and JSON answers.
 *
 * Covers what tools and answer schemas use: types, enum and const, objects with nested properties, arrays and their
 * bounds, numbers and their bounds, string lengths and the common formats, $ref within the document, and the first
 * branch of anyOf and oneOf with all of allOf merged. It does not cover `pattern`, `not`, `if` and `patternProperties`.
 */
import type { Rng } from '@leeward/kernel';
import { asText, isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { drawBelow } from '../seeded-rng.ts';

/** Past this depth only what is required is filled, and at twice the depth a recursive schema is given up as null. */
const OPTIONAL_DEPTH = 4;
/** Past any sensible schema; a bound on arrays and strings that a hostile one might ask for. */
const MOST_ITEMS = 1000;

/** Nested arrays multiply; past this many values in all, the rest is null. */
const MOST_VALUES = 10_000;

const WORDS = ['Lisbon', 'harbour', 'amber', 'seven bells', 'north', 'quiet', 'Zürich', 'lantern'];

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-03-14',
  'date-time': '2026-03-14T09:26:53Z',
  time: '09:26:53Z',
  email: 'mate@harbour.example',
  uri: 'https://harbour.example/berth',
  uuid: '018f3b7c-5d1e-7a42-9c3d-2b6f8e4a1c90',
  ipv4: '192.0.2.7',
  hostname: 'harbour.example',
};

export function fillSchema(schema: Json | undefined, rng: Rng): Json {
  const root = isObject(schema) ? schema : {};
  return fill(root, { rng, root, depth: 0, budget: { values: MOST_VALUES } });
}

interface Filling {
  readonly rng: Rng;
  readonly root: JsonObject;
  readonly depth: number;
  readonly budget: { values: number };
}

function fill(schema: JsonObject, filling: Filling): Json {
  if (filling.depth > 2 * OPTIONAL_DEPTH || filling.budget.values-- <= 0) return null;
  const plain = resolve(schema, filling);
  if (plain['const'] !== undefined) return plain['const'];
  const choices = plain['enum'];
  if (isArray(choices) && choices.length > 0) return choices[drawBelow(filling.rng, choices.length)] ?? null;
  switch (typeOf(plain)) {
    case 'object':
      return fillObject(plain, filling);
    case 'array':
      return fillArray(plain, filling);
    case 'integer':
      return fillNumber(plain, filling.rng, 1);
    case 'number':
      return fillNumber(plain, filling.rng, numberOf(plain['multipleOf']) ?? 0.25);
    case 'boolean':
      return filling.rng() < 0.5;
    case 'null':
      return null;
    default:
      return fillString(plain, filling.rng);
  }
}

function typeOf(schema: JsonObject): string {
  const type = schema['type'];
  if (typeof type === 'string') return type;
  if (isArray(type)) return asText(type.find((one) => one !== 'null') ?? 'null');
  if (isObject(schema['properties'])) return 'object';
  return schema['items'] === undefined ? 'string' : 'array';
}

function resolve(schema: JsonObject, filling: Filling): JsonObject {
  let here = schema;
  for (let hops = 0; hops < 16; hops++) {
    const branches = [here['anyOf'], here['oneOf']].find(isArray);
    const reference = here['$ref'];
    if (typeof reference === 'string') here = { ...follow(reference, filling.root) };
    else if (isArray(here['allOf'])) {
      const { allOf, ...rest } = here;
      here = (isArray(allOf) ? allOf : []).filter(isObject).reduce((merged, part) => merge(merged, part), rest);
    } else if (branches !== undefined) {
      const { anyOf: _anyOf, oneOf: _oneOf, ...rest } = here;
      here = merge(rest, branches.filter(isObject).find((branch) => branch['type'] !== 'null') ?? { type: 'null' });
    } else return here;
  }
  return here;
}

function follow(reference: string, root: JsonObject): JsonObject {
  let here: Json | undefined = root;
  for (const step of reference.split('/').slice(1)) {
    here = isObject(here) ? here[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return isObject(here) ? here : {};
}

function merge(left: JsonObject, right: JsonObject): JsonObject {
  const properties = { ...objectOf(left['properties']), ...objectOf(right['properties']) };
  const required = [...arrayOf(left['required']), ...arrayOf(right['required'])];
  return {
    ...left,
    ...right,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

function fillObject(schema: JsonObject, filling: Filling): JsonObject {
  const properties = objectOf(schema['properties']);
  const required = new Set(arrayOf(schema['required']));
  const filled: JsonObject = {};
  for (const [name, member] of Object.entries(properties)) {
    if (!required.has(name) && filling.depth >= OPTIONAL_DEPTH) continue;
    filled[name] = fill(isObject(member) ? member : {}, { ...filling, depth: filling.depth + 1 });
  }
  for (const name of required) {
    if (typeof name === 'string' && filled[name] === undefined) filled[name] = 'harbour';
  }
  return filled;
}

function fillArray(schema: JsonObject, filling: Filling): Json[] {
  const least = numberOf(schema['minItems']) ?? (filling.depth >= OPTIONAL_DEPTH ? 0 : 1);
  const most = Math.min(numberOf(schema['maxItems']) ?? Math.max(least, 2), MOST_ITEMS);
  const length = Math.min(most, least + drawBelow(filling.rng, 2));
  const items = objectOf(schema['items']);
  return Array.from({ length }, () => fill(items, { ...filling, depth: filling.depth + 1 }));
}

function fillNumber(schema: JsonObject, rng: Rng, gap: number): number {
  const step = numberOf(schema['multipleOf']) ?? gap;
  const above = numberOf(schema['exclusiveMinimum']);
  const below = numberOf(schema['exclusiveMaximum']);
  let low = numberOf(schema['minimum']) ?? above;
  let high = numberOf(schema['maximum']) ?? below;
  low ??= high === undefined ? 1 : high - 20 * step;
  high ??= low + 20 * step;
  let first = Math.ceil(low / step);
  let last = Math.floor(high / step);
  if (above !== undefined && first * step <= above) first++;
  if (below !== undefined && last * step >= below) last--;
  // Bounds narrower than a step leave only the middle, which a whole number cannot take anyway.
  if (last < first) return (low + high) / 2;
  return (first + drawBelow(rng, last - first + 1)) * step;
}

function fillString(schema: JsonObject, rng: Rng): string {
  const format = FORMATS[asText(schema['format'])];
  if (format !== undefined) return format;
  const least = Math.min(numberOf(schema['minLength']) ?? 0, MOST_ITEMS);
  const most = numberOf(schema['maxLength']) ?? Number.POSITIVE_INFINITY;
  let text = WORDS[drawBelow(rng, WORDS.length)] ?? 'harbour';
  while (text.length < least) text += ' harbour';
  return text.slice(0, most);
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function arrayOf(value: Json | undefined): Json[] {
  return isArray(value) ? value : [];
}
