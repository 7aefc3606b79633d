import { describe, expect, it } from 'vitest';
import { hello, parsed, requestOf } from '../fixtures/read-fixture.ts';
import type { JsonObject } from '../wire.ts';
import { isContinuable, writeContinuationRequest } from './continuation.ts';

const target = { dialect: 'mistral', model: 'mistral-large-latest' } as const;
const request = (fields: JsonObject = {}) => requestOf({ model: 'm', messages: hello, stream: true, ...fields });

describe('writeContinuationRequest', () => {
  it('adds what was said as the beginning of the answer', () => {
    const beginning = { role: 'assistant', content: 'Once upon', prefix: true };
    expect(parsed(writeContinuationRequest(request(), 'Once upon', target))).toEqual({
      model: target.model,
      stream: true,
      messages: [...hello, beginning],
    });
    expect(parsed(writeContinuationRequest(request({ seed: 1 }), 'Once upon', target))).toMatchObject({
      random_seed: 1,
      messages: [...hello, beginning],
    });
  });

  it('takes what was said off the caller’s limit, down to one token', () => {
    const left = (said: string) =>
      parsed(writeContinuationRequest(request({ max_tokens: 10 }), said, target)).max_tokens;
    expect([left(''), left('x'.repeat(20)), left('x'.repeat(500))]).toEqual([10, 6, 1]);
  });

  it('says nothing for the assistant when nothing was said', () => {
    expect(parsed(writeContinuationRequest(request(), '', target)).messages).toEqual(hello);
  });

  it('refuses an OpenAI target', () => {
    expect(() => writeContinuationRequest(request(), 'x', { dialect: 'openai', model: 'm' })).toThrow(
      expect.objectContaining({ code: 'GW_UNTRANSLATABLE' }) as Error,
    );
  });
});

describe('isContinuable', () => {
  it.each<[string, JsonObject]>([
    ['plain text', {}],
    ['one choice', { n: 1 }],
    ['tools on offer', { tools: [{ type: 'function', function: { name: 'a', parameters: {} } }] }],
    ['text as the format', { response_format: { type: 'text' } }],
    ['no reasoning', { reasoning_effort: 'none' }],
  ])('is so for %s', (_name, fields) => {
    expect(isContinuable(request(fields))).toBe(true);
  });

  it.each<[string, JsonObject]>([
    ['JSON', { response_format: { type: 'json_object' } }],
    ['several choices', { n: 2 }],
    ['reasoning', { reasoning_effort: 'high' }],
    ['the prompt mode for reasoning', { prompt_mode: 'reasoning' }],
    ['log probabilities', { logprobs: true }],
    ['a beginning given by the client', { messages: [...hello, { role: 'assistant', content: 'x', prefix: true }] }],
    ['no stream', { stream: false }],
  ])('is not so for %s', (_name, fields) => {
    expect(isContinuable(request(fields))).toBe(false);
  });
});
