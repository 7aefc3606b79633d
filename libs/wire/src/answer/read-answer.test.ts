import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnswer } from './read-answer.ts';

const read = (text: string) => readAnswer('chat', 'mistral', Buffer.from(text));
const choices = '"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hi"}}]';
const usage =
  '"usage":{"prompt_tokens":1008,"total_tokens":1011,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":1008}}';
const counted = { promptTokens: 1008, totalTokens: 1011, completionTokens: 3, cachedTokens: 1008, reasoningTokens: 0 };

describe('readAnswer', () => {
  it.each([
    ['before the choices, as Mistral has it', `{"id":"x",${usage},${choices}}`],
    ['after them, as OpenAI has it', `{"id":"x",${choices},${usage}}\n`],
    ['with spaces', ` {"id":"x",${choices}, ${usage.replace(':', ' : ')}} `],
    ['far from either end', `{${choices},${usage},"x":"${'y'.repeat(10_000)}"}`],
  ])('finds the usage %s', (_name, text) => {
    expect(read(text)).toMatchObject({ complete: true, usage: counted, error: undefined });
  });

  it('is not deceived by the word in what the model said', () => {
    const said = JSON.stringify('the "usage":{"prompt_tokens":7} and "choices":[]');
    const named = `{"choices":[{"message":{"content":"usage","name":${said}}}],${usage}}`;
    expect(read(named)).toMatchObject({ complete: true, usage: counted });
  });

  it('reads the names that Mistral uses for cached tokens', () => {
    for (const cached of ['"num_cached_tokens":64', '"prompt_token_details":{"cached_tokens":64}']) {
      expect(
        read(`{${choices},"usage":{"prompt_tokens":90,"completion_tokens":1,"total_tokens":91,${cached}}}`).usage,
      ).toMatchObject({ cachedTokens: 64 });
    }
    expect(read(`{${choices},"usage":null}`)).toMatchObject({ complete: true, usage: undefined });
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html></html>'],
    ['half an answer', `{"id":"x",${choices}`],
    ['an array', '[{}]'],
    ['no choices', '{"id":"x"}'],
    ['an empty list of choices', `{"choices": [ ],${usage}}`],
  ])('does not take %s for an answer', (_name, text) => {
    expect(read(text).complete).toBe(false);
  });

  it.each([
    ['OpenRouter’s', '{"error":{"message":"Provider returned error","code":502}}', 'Provider returned error'],
    ['one beside choices', `{${choices},"error":{"message":"Broken"}}`, 'Broken'],
    ['one inside a choice', '{"choices":[{"error":{"message":"Inside"},"message":{"content":""}}]}', 'Inside'],
    [
      'Mistral’s',
      '{"object":"error","message":"Service unavailable.","type":"x","code":"3800"}',
      'Service unavailable.',
    ],
    [
      'a finish reason',
      '{"choices":[{"finish_reason":"error","message":{"content":""}}]}',
      'The model stopped with an error.',
    ],
  ])('sees an error inside a 200: %s', (_name, text, message) => {
    expect(read(text)).toMatchObject({ complete: false, error: { message } });
  });

  it('does not take an answer that speaks of errors for one', () => {
    const text = `{"choices":[{"finish_reason":"stop","message":{"content":"error","tool_calls":[{"function":{"arguments":{"error":"x"}}}]}}],"error":null,${usage}}`;
    expect(read(text)).toMatchObject({ complete: true, error: undefined, usage: counted });
  });

  it('reads embeddings of a mebibyte', () => {
    const vector = Array.from({ length: 1024 }, (_, index) => index / 7);
    const data = Array.from({ length: 64 }, (_, index) => ({ object: 'embedding', embedding: vector, index }));
    const bytes = Buffer.from(
      JSON.stringify({ id: 'x', object: 'list', data, model: 'm', usage: { prompt_tokens: 9, total_tokens: 9 } }),
    );
    expect(bytes.length).toBeGreaterThan(1_000_000);
    expect(readAnswer('embeddings', 'mistral', bytes)).toMatchObject({ complete: true, usage: { promptTokens: 9 } });
  });

  it('agrees with a parser on any usage', () => {
    const counts = fc.record({
      prompt_tokens: fc.nat(),
      completion_tokens: fc.nat(),
      other: fc.constantFrom(null, 'standard', 1),
    });
    fc.assert(
      fc.property(counts, fc.json(), fc.string(), (numbers, extra, text) => {
        const json = `{"x":${JSON.stringify(text)},"choices":[${extra}],"usage":${JSON.stringify(numbers)}}`;
        const facts = read(json);
        fc.pre(facts.complete);
        const counted = { promptTokens: numbers.prompt_tokens, completionTokens: numbers.completion_tokens };
        expect(facts.usage).toMatchObject(counted);
      }),
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(fc.property(fc.json(), fc.nat(), (json, end) => void read(json.slice(0, end))));
    fc.assert(fc.property(fc.json(), (json) => void read(`{"choices":[${json}],"error":${json}}`)));
  });
});
