/**
 * The JSON Schema of the config file as it is written: secrets are references, defaults may be left out. Editors and
 * the chart read it from docs/leeward.schema.json; here it also answers which keys a mapping may have.
 */
import { z } from 'zod';
import { meaningOf } from './meanings.ts';
import type { Path } from './problem.ts';
import { settingsSchema } from './schema.ts';
import { SECRET_REFERENCE } from './secrets.ts';

/** The part of JSON Schema that the config uses. */
export interface SchemaNode {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
}

export function settingsJsonSchema(): SchemaNode {
  const generated: unknown = z.toJSONSchema(settingsSchema, {
    io: 'input',
    // A secret is an object in the program and a reference in the file; the override says the latter.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (isSecret(zodSchema)) Object.assign(jsonSchema, { type: 'string', pattern: SECRET_REFERENCE });
    },
  });
  if (!isNode(generated)) throw new TypeError('the schema of an object is an object');
  return { title: 'Leeward config', ...withMeanings(generated, '') };
}

/** What is of a class: nothing else than secrets is, in this config. */
function isSecret(schema: z.core.$ZodType): boolean {
  return schema instanceof z.core.$ZodCustom;
}

/** The keys that a mapping at this path may have; none where any name may stand. */
export function keysAllowedAt(path: Path, schema: SchemaNode): readonly string[] {
  let nodes = alternatives(schema);
  for (const step of path) {
    nodes = nodes.flatMap((node) => {
      const next = typeof step === 'number' ? node.items : (node.properties?.[step] ?? node.additionalProperties);
      return isNode(next) ? alternatives(next) : [];
    });
  }
  return nodes.flatMap((node) => Object.keys(node.properties ?? {}));
}

export interface ConfigKey {
  /** `providers.<name>.keys[].weight`. */
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** Every key that can be written, outer before inner. */
export function configKeys(node: SchemaNode, prefix = ''): readonly ConfigKey[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [{ path, node: inner, required: node.required?.includes(name) ?? false }, ...configKeys(inner, path)];
  });
  const named = isNode(node.additionalProperties) ? configKeys(node.additionalProperties, `${prefix}.<name>`) : [];
  const listed = node.items === undefined ? [] : configKeys(node.items, `${prefix}[]`);
  const either = (node.anyOf ?? []).flatMap((one) => configKeys(one, prefix));
  return [...own, ...named, ...listed, ...either];
}

function withMeanings(node: SchemaNode, path: string): SchemaNode {
  const described: Record<string, unknown> = { ...node };
  const meaning = meaningOf(path);
  if (meaning !== undefined) described['description'] = meaning;
  if (node.properties !== undefined) {
    const inner = Object.entries(node.properties).map(([name, one]) => {
      return [name, withMeanings(one, path === '' ? name : `${path}.${name}`)] as const;
    });
    described['properties'] = Object.fromEntries(inner);
  }
  if (isNode(node.additionalProperties)) {
    described['additionalProperties'] = withMeanings(node.additionalProperties, `${path}.<name>`);
  }
  if (node.items !== undefined) described['items'] = withMeanings(node.items, `${path}[]`);
  // The alternatives share the path, whose meaning stands outside; only what is inside them is described.
  if (node.anyOf !== undefined) {
    described['anyOf'] = node.anyOf.map((one) => ({ ...withMeanings(one, path), description: undefined }));
  }
  return described;
}

function alternatives(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? [node];
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
