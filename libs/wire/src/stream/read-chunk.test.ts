import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, readFixture } from '../fixtures/read-fixture.ts';
import type { JsonObject } from '../wire.ts';
import { readChunk } from './read-chunk.ts';

const chunk = (delta: JsonObject, more: JsonObject = {}): JsonObject => ({
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});
const factsOf = (name: string) => chunksOf(readFixture(name)).map(({ json }) => readChunk('mistral', json));

describe('readChunk', () => {
  it('reads a stream of text', () => {
    const facts = factsOf('mistral-text.chunks.txt');
    expect(facts.map(({ text }) => text).join('')).toBe('Voilà l’été');
    expect(facts.map(({ content }) => content)).toEqual([false, true, true, false]);
    expect(facts.every(({ plain }) => plain)).toBe(true);
    expect(facts.at(-1)).toMatchObject({ finishReason: 'stop', usage: { promptTokens: 11, totalTokens: 16 } });
  });

  it('reads OpenAI’s role chunk, null fields and usage tail as nothing to show', () => {
    const facts = factsOf('openai-text.chunks.txt');
    expect(facts.map(({ content }) => content)).toEqual([false, true, true, false, false]);
    expect(facts.every(({ plain }) => plain)).toBe(true);
    expect(facts.at(-1)?.usage?.promptTokens).toBe(12);
  });

  it('sees thinking as content that is not plain, but not an empty piece of it', () => {
    expect(factsOf('mistral-reasoning.chunks.txt').map(({ content, plain, text }) => [content, plain, text])).toEqual([
      [false, true, ''],
      [false, true, ''],
      [true, false, ''],
      [true, false, ''],
      [true, false, 'Ans'],
      [true, true, 'wer'],
      [false, true, ''],
    ]);
  });

  it.each<[string, JsonObject]>([
    ['a tool call', { tool_calls: [{ index: 0, function: { name: 'a', arguments: '' } }] }],
    ['reasoning beside the content', { reasoning_content: 'Hm' }],
    ['a refusal', { refusal: 'No' }],
    ['a field nobody knows', { hologram: 'x' }],
  ])('takes %s for content that is not plain', (_name, delta) => {
    expect(readChunk('openai', chunk(delta))).toMatchObject({ content: true, plain: false, text: '' });
  });

  it('takes fields that are unset for nothing', () => {
    const unset = { content: '', role: 'assistant', tool_calls: null, refusal: null, prefix: false, annotations: [] };
    expect(readChunk('openai', chunk(unset))).toMatchObject({ content: false, plain: true });
  });

  it('keeps the text of another choice apart, and log probabilities out of plain text', () => {
    expect(readChunk('openai', chunk({ content: 'b' }, { index: 1 }))).toMatchObject({
      text: '',
      content: true,
      plain: false,
    });
    expect(readChunk('openai', chunk({ content: 'b' }, { logprobs: { content: [] } })).plain).toBe(false);
  });

  it.each<[string, JsonObject, object]>([
    [
      'Mistral’s',
      { object: 'error', message: 'Service unavailable.', type: 'internal_server_error', code: '3800' },
      { message: 'Service unavailable.', code: '3800' },
    ],
    [
      'OpenAI’s',
      { error: { message: 'Overloaded', type: 'server_error', code: null } },
      { message: 'Overloaded', type: 'server_error' },
    ],
    ['a text', { error: 'model crashed' }, { message: 'model crashed' }],
    ['a detail alone', { detail: 'Internal Server Error' }, { message: 'Internal Server Error' }],
    [
      'one with a valid chunk around it',
      { ...chunk({ content: '' }, { finish_reason: 'error' }), error: { code: 502, message: 'Idle' } },
      { message: 'Idle', code: '502' },
    ],
    [
      'a bare finish reason',
      chunk({ content: '' }, { finish_reason: 'error' }),
      { message: 'The stream stopped with an error.' },
    ],
  ])('recognises an error chunk: %s', (_name, json, expected) => {
    expect(readChunk('mistral', json).error).toMatchObject(expected);
  });

  it('never throws, whatever the JSON', () => {
    const delta = fc.record({ content: fc.jsonValue(), tool_calls: fc.jsonValue(), reasoning: fc.jsonValue() });
    const choice = fc.oneof(
      fc.record({ index: fc.jsonValue(), delta: fc.oneof(delta, fc.jsonValue()), finish_reason: fc.jsonValue() }),
      fc.jsonValue(),
    );
    const json = fc.record(
      {
        choices: fc.oneof(fc.array(choice), fc.jsonValue()),
        usage: fc.jsonValue(),
        error: fc.jsonValue(),
        message: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(json, (value) => void readChunk('openai', JSON.parse(JSON.stringify(value)) as JsonObject)),
      { numRuns: 500 },
    );
  });
});
