import { isUtf8 } from 'node:buffer';
import { GatewayError } from '@leeward/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../wire.ts';
import { outlineOf } from './outline.ts';
import { readClientRequest } from './read-client-request.ts';

const LONG_BYTES = 1024;
const PLACEHOLDER = '.'.repeat(300);

/** What an outline must parse to: every string whose spelling is long replaced. */
function withoutLongStrings(value: Json): Json {
  if (typeof value === 'string') {
    return Buffer.byteLength(JSON.stringify(value)) - 1 > LONG_BYTES ? PLACEHOLDER : value;
  }
  if (Array.isArray(value)) return value.map(withoutLongStrings);
  if (typeof value !== 'object' || value === null) return value;
  const replaced: JsonObject = {};
  for (const [name, inner] of Object.entries(value)) {
    const shortName = withoutLongStrings(name);
    if (typeof shortName === 'string') replaced[shortName] = withoutLongStrings(inner ?? null);
  }
  return replaced;
}

/** Text with everything that could confuse a search for quotation marks, some of it long. */
const text = fc
  .tuple(
    fc.array(fc.constantFrom('a', '"', '\\', '\\"', 'é', '\u2028', '\n', '{', '🌬', 'word '), { maxLength: 40 }),
    fc.nat(60),
  )
  .map(([pieces, times]) => pieces.join('').repeat(times));

const tree = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constantFrom<Json>(null, true, 0, -1.5e10, ''),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

const filler = 'wind '.repeat(4000);

describe('outlineOf', () => {
  test('has the structure of the whole, for any JSON in any spelling, with its long strings replaced', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const whole = { filler, value };
        const bytes = Buffer.from(JSON.stringify(whole, null, indent));
        const outline = outlineOf(bytes);
        if (outline === undefined) return;
        expect(JSON.parse(outline)).toEqual(JSON.parse(JSON.stringify(withoutLongStrings(whole))));
      }),
      { numRuns: 300 },
    );
  });

  test('is not made of small bodies, nor of many short strings, nor of nothing but escaped quotation marks', () => {
    expect(outlineOf(Buffer.from(JSON.stringify({ model: 'm' })))).toBeUndefined();
    expect(outlineOf(Buffer.from(JSON.stringify(Array.from({ length: 5000 }, String))))).toBeUndefined();
    expect(outlineOf(Buffer.from(JSON.stringify({ text: '"'.repeat(20_000) })))).toBeUndefined();
  });

  test('never throws, and gives up on a string without an end', () => {
    expect(outlineOf(Buffer.from(`{"text":"${filler}`))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        outlineOf(Buffer.concat([Buffer.from(filler), noise]));
      }),
    );
  });
});

describe('a large request', () => {
  const read = (body: unknown) => readClientRequest('chat', 'auto', Buffer.from(JSON.stringify(body)));

  test('reads as the same request does when it is parsed whole, and has its whole text when asked', () => {
    fc.assert(
      fc.property(tree, fc.boolean(), fc.constantFrom('user', 'developer'), (extra, stream, role) => {
        const body = { model: 'm', stream, messages: [{ role, content: filler }], extra };
        const large = read(body);
        const small = read({ ...body, messages: [{ role, content: 'short' }] });
        const { dialect, model, includeUsage, surface } = small;
        expect(large).toMatchObject({ dialect, model, includeUsage, surface, stream });
        expect(large.json).toEqual(JSON.parse(JSON.stringify(body)));
      }),
      { numRuns: 200 },
    );
  });

  test('cut off anywhere is refused as not being JSON', () => {
    const bytes = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: filler }], seed: 1 }));
    for (let length = bytes.length - 1; length > 0; length -= length > bytes.length - 60 ? 1 : 997) {
      expect(() => readClientRequest('chat', 'auto', bytes.subarray(0, length))).toThrow(GatewayError);
    }
  });

  test('with a mistake inside a long string is refused when its whole text is needed', () => {
    const bytes = Buffer.from(`{"model":"m","messages":[{"role":"user","content":"${filler}\\x"}]}`);
    expect(isUtf8(bytes)).toBe(true);
    const request = readClientRequest('chat', 'auto', bytes);
    expect(() => request.json).toThrow(expect.objectContaining({ code: 'GW_BAD_JSON' }));
  });

  test('with a model name that is long is refused for its length', () => {
    expect(() => read({ model: 'm'.repeat(2000), messages: [{ role: 'user', content: filler }] })).toThrow(
      /at most 256 characters/,
    );
  });
});
