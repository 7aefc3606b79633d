import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';

/**
 * A JSON Schema without `$schema` and `$id`: Mistral's grammar compiler has failed on them, and they say nothing about
 * the value. Only where they are keywords: a property that happens to be called `$id` stays, as do example values.
 */
export function withoutSchemaIds(schema: Json, depth = 0): Json {
  if (depth > MAX_DEPTH) return schema;
  if (Array.isArray(schema)) return schema.map((item) => withoutSchemaIds(item, depth + 1));
  if (!isObject(schema)) return schema;
  const cleaned: [string, Json | undefined][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$schema' || keyword === '$id') continue;
    cleaned.push([keyword, cleanKeyword(keyword, value, depth + 1)]);
  }
  return Object.fromEntries(cleaned);
}

function cleanKeyword(keyword: string, value: Json | undefined, depth: number): Json | undefined {
  if (value === undefined || VALUES.has(keyword)) return value;
  if (MAPS.has(keyword) && isObject(value)) return cleanMap(value, depth);
  return withoutSchemaIds(value, depth);
}

/** A map from names to schemas: the names are the user's, not keywords. */
function cleanMap(map: JsonObject, depth: number): JsonObject {
  return Object.fromEntries(
    Object.entries(map).map(([name, schema]) => [
      name,
      schema === undefined ? schema : withoutSchemaIds(schema, depth + 1),
    ]),
  );
}

const MAPS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  '$defs',
  'definitions',
]);
const VALUES: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'example', 'required']);
/** Deeper than any vendor compiles; keeps the walk inside the stack. */
const MAX_DEPTH = 100;
