import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Json, isObject } from '../json.ts';
import { seededRng } from '../seeded-rng.ts';
import { fillSchema } from './fill-schema.ts';

const { schema: anySchema } = fc.letrec<{ schema: Json }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(
      { type: 'string' },
      { type: 'boolean' },
      { type: 'null' },
      { enum: ['a', 'b'] },
      { const: 7 },
    ),
    fc
      .record({ least: fc.integer({ min: 0, max: 8 }), more: fc.integer({ min: 0, max: 8 }) })
      .map(({ least, more }): Json => ({ type: 'string', minLength: least, maxLength: least + more })),
    fc
      .record({ low: fc.integer({ min: -50, max: 50 }), more: fc.integer({ min: 2, max: 9 }), above: fc.boolean() })
      .map(
        ({ low, more, above }): Json => ({
          type: 'integer',
          [above ? 'exclusiveMinimum' : 'minimum']: low,
          maximum: low + more,
        }),
      ),
    fc.record({ low: fc.integer({ min: -9, max: 9 }) }).map(({ low }): Json => ({ type: 'number', minimum: low })),
    fc
      .record({ items: tie('schema'), least: fc.integer({ min: 0, max: 3 }) })
      .map(({ items, least }): Json => ({ type: 'array', items, minItems: least, maxItems: least + 1 })),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')).map(
      (properties): Json => ({
        type: 'object',
        properties: properties as { [name: string]: Json },
        required: Object.keys(properties),
        additionalProperties: false,
      }),
    ),
    tie('schema').map((one): Json => ({ anyOf: [{ type: 'null' }, one] })),
  ),
}));

describe('fillSchema', () => {
  it('satisfies the schema', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(), (schema, seed) => {
        if (!isObject(schema)) return;
        const filled = fillSchema(schema, seededRng(seed));
        const read = z.fromJSONSchema(schema).safeParse(filled);
        expect(read.success, `${JSON.stringify(schema)} got ${JSON.stringify(filled)}`).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('follows references, and ends in a schema that holds itself', () => {
    const tree = {
      $ref: '#/$defs/tree',
      $defs: {
        tree: {
          type: 'object',
          properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/tree' } } },
          required: ['name'],
        },
      },
    };
    expect(fillSchema(tree, seededRng(1))).toMatchObject({ name: expect.any(String) as unknown });
  });

  it('merges what allOf brings together', () => {
    const both = {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'string', format: 'date' } }, required: ['b'] },
      ],
    };
    expect(fillSchema(both, seededRng(1))).toEqual({ a: expect.any(Number) as unknown, b: '2026-03-14' });
  });

  it('gives up on a schema that would never end', () => {
    const nested = (depth: number): Json =>
      depth === 0 ? { type: 'string' } : { type: 'array', minItems: 900, items: nested(depth - 1) };
    expect(JSON.stringify(fillSchema(nested(7), seededRng(1))).length).toBeLessThan(10_000_000);
  });
});
