import { describe, expect, it } from 'vitest';
import { chunksOf, parsed } from '../fixtures/read-fixture.ts';
import { readErrorBody } from './read-error-body.ts';
import { writeErrorBody, writeErrorFrame } from './write-error.ts';

const error = { code: 'GW_NO_TARGET', type: 'server_error', message: 'No target is available.' };

describe('writeErrorBody', () => {
  it('says the same at the top, for Mistral’s clients, and under error, for OpenAI’s', () => {
    const said = { message: error.message, type: error.type, param: null, code: error.code };
    const bytes = writeErrorBody({ ...error, status: 503 });
    expect(parsed(bytes)).toEqual({ object: 'error', ...said, raw_status_code: 503, error: said });
    expect(readErrorBody(bytes)).toEqual({ message: error.message, type: error.type, code: error.code });
  });
});

describe('writeErrorFrame', () => {
  it('is a chunk of every schema that ends the choice, with the error beside it and a blank line after', () => {
    const bytes = writeErrorFrame(error, { id: 'a', created: 1, model: 'm' });
    expect(bytes.toString().endsWith('}\n\n')).toBe(true);
    expect(chunksOf(bytes)[0]?.json).toEqual({
      id: 'a',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      error: { message: error.message, type: error.type, param: null, code: error.code },
    });
  });

  it('carries the usage in Mistral’s words when it is given one', () => {
    const usage = { promptTokens: 3, completionTokens: 4, totalTokens: 7, cachedTokens: 0, reasoningTokens: 0 };
    const bytes = writeErrorFrame(error, { id: 'a', created: 1, model: 'm', usage });
    const expected = { prompt_tokens: 3, total_tokens: 7, completion_tokens: 4 };
    expect(chunksOf(bytes)[0]?.json).toHaveProperty('usage', expected);
  });
});
