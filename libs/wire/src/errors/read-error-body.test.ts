import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFixture } from '../fixtures/read-fixture.ts';
import { isObject, listOf, stringOf } from '../json.ts';
import { readErrorBody } from './read-error-body.ts';

const shapes = listOf(jsonFixture('error-bodies.json')).filter(isObject);

describe('readErrorBody', () => {
  it.each(shapes.map((shape) => [stringOf(shape.name) ?? '', shape] as const))(
    'reads %s',
    (_name, { body, expected }) => {
      const error = readErrorBody(Buffer.from(stringOf(body) ?? ''));
      expect({ ...error, type: error?.type ?? null, code: error?.code ?? null }).toEqual(expected);
    },
  );

  it.each([
    [
      'HTML of a proxy',
      '<!DOCTYPE html><html><head><title>520: Web server is returning an unknown error</title></html>',
    ],
    ['plain text', 'upstream connect error or disconnect/reset before headers'],
    ['an empty body', ''],
    ['an answer that is no error', '{"id":"x","object":"chat.completion","choices":[],"error":null}'],
    ['a scalar', '"error"'],
  ])('takes nothing from %s', (_name, body) => {
    expect(readErrorBody(Buffer.from(body))).toBeUndefined();
  });

  it('bounds the message', () => {
    const error = readErrorBody(Buffer.from(JSON.stringify({ message: 'x'.repeat(100_000) })));
    expect(error?.message).toHaveLength(2000);
  });

  it('never throws, whatever the JSON', () => {
    fc.assert(fc.property(fc.json(), (text) => void readErrorBody(Buffer.from(text))));
    fc.assert(
      fc.property(fc.record({ error: fc.jsonValue(), message: fc.jsonValue(), detail: fc.jsonValue() }), (json) => {
        readErrorBody(Buffer.from(JSON.stringify(json)));
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readErrorBody(Buffer.from(bytes))));
  });
});
