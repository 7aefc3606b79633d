import { GatewayError } from '@leeward/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hello, requestOf } from '../fixtures/read-fixture.ts';
import type { JsonObject, Surface } from '../wire.ts';
import { readClientRequest } from './read-client-request.ts';

function failure(surface: Surface, body: string): unknown {
  try {
    return readClientRequest(surface, 'auto', Buffer.from(body));
  } catch (error) {
    return error;
  }
}

const chat = (fields: JsonObject): JsonObject => ({ model: 'm', messages: hello, ...fields });

describe('readClientRequest', () => {
  it.each([
    ['chat', '', 'GW_BAD_JSON', 'empty'],
    ['chat', '{"model":', 'GW_BAD_JSON', 'not valid JSON'],
    ['chat', '[]', 'GW_BAD_JSON', 'found an empty array'],
    ['chat', 'null', 'GW_BAD_JSON', 'found null'],
    ['chat', '{}', 'GW_BAD_REQUEST', 'model: expected a non-empty string, found nothing'],
    ['chat', '{"model":7}', 'GW_BAD_REQUEST', 'found the number 7'],
    ['chat', `{"model":"${'m'.repeat(300)}"}`, 'GW_BAD_REQUEST', 'at most 256 characters'],
    ['chat', '{"model":"m"}', 'GW_BAD_REQUEST', 'messages: expected a non-empty array, found nothing'],
    ['chat', '{"model":"m","messages":[]}', 'GW_BAD_REQUEST', 'found an empty array'],
    ['chat', '{"model":"m","messages":["hi"]}', 'GW_BAD_REQUEST', 'messages[0]: expected an object, found "hi"'],
    ['chat', '{"model":"m","messages":[{"content":"hi"}]}', 'GW_BAD_REQUEST', 'messages[0].role'],
    ['chat', '{"model":"m","messages":[{"role":"user"}],"stream":"yes"}', 'GW_BAD_REQUEST', 'stream: expected true or'],
    ['fim', '{"model":"m"}', 'GW_BAD_REQUEST', 'prompt: expected a string'],
    ['embeddings', '{"model":"m","input":[]}', 'GW_BAD_REQUEST', 'input: expected'],
  ] as const)('refuses on %s the body %s', (surface, body, code, words) => {
    const error = failure(surface, body);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) as string });
  });

  it('keeps the client’s bytes and what the gateway asks about', () => {
    const bytes = Buffer.from('{ "model": "m", "messages": [{"role":"user","content":"é"}], "stream": true }');
    const request = readClientRequest('chat', 'auto', bytes);
    expect(request.bytes).toBe(bytes);
    expect(request).toMatchObject({ dialect: 'mistral', model: 'm', stream: true, includeUsage: true });
  });

  it.each<[string, JsonObject]>([
    ['max_completion_tokens', { max_completion_tokens: 5 }],
    ['seed', { seed: 1 }],
    ['stream_options', { stream_options: {} }],
    ['store', { store: false }],
    ['user', { user: 'u' }],
    ['a service tier of its own', { service_tier: 'flex' }],
    ['the developer role', { messages: [{ role: 'developer', content: 'x' }, ...hello] }],
    ['a name on a user message', { messages: [{ role: 'user', name: 'ann', content: 'x' }] }],
    [
      'an audio object',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x' } }] }] },
    ],
  ])('takes a body for OpenAI’s by %s', (_name, fields) => {
    expect(requestOf(chat(fields)).dialect).toBe('openai');
  });

  it.each<[string, JsonObject]>([
    ['shared fields alone', { temperature: 0.2, tools: [], max_tokens: 5 }],
    ['fields of Mistral’s', { random_seed: 1, safe_prompt: true }],
    ['a named tool message', { messages: [...hello, { role: 'tool', name: 'add', content: '1' }] }],
    ['fields that nobody knows', { min_tokens: 3, top_k: 5 }],
  ])('takes a body for Mistral’s with %s', (_name, fields) => {
    expect(requestOf(chat(fields)).dialect).toBe('mistral');
  });

  it('shows an OpenAI client usage in a stream only when asked', () => {
    expect(requestOf(chat({ stream: true, seed: 1 })).includeUsage).toBe(false);
    expect(requestOf(chat({ stream: true, stream_options: { include_usage: true } })).includeUsage).toBe(true);
  });

  it('speaks Mistral’s dialect for fill-in-the-middle on every path', () => {
    expect(requestOf({ model: 'codestral-latest', prompt: 'def' }, 'openai', 'fim').dialect).toBe('mistral');
  });

  it('throws nothing but GatewayError, whatever the body', () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ model: fc.jsonValue(), messages: fc.jsonValue(), stream: fc.jsonValue() })
        .map((json) => JSON.stringify(json)),
    );
    fc.assert(
      fc.property(fc.constantFrom<Surface[]>('chat', 'fim', 'embeddings'), body, (surface, text) => {
        const result = failure(surface, text);
        expect(result instanceof Error ? result instanceof GatewayError : true).toBe(true);
      }),
    );
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(failure('chat', deep)).toBeInstanceOf(GatewayError);
  });

  it('refuses a large body in the words that the whole of it deserves', () => {
    const long = 'k'.repeat(20_000);
    expect(failure('chat', JSON.stringify({ model: long }))).toMatchObject({
      message: 'model: expected at most 256 characters, found 20000.',
    });
    expect(failure('chat', JSON.stringify({ model: 'm', messages: long }))).toMatchObject({
      message: `messages: expected a non-empty array, found "${'k'.repeat(40)}".`,
    });
  });

  it('throws nothing but GatewayError for a large body with anything in its midst', () => {
    const half = 'wind '.repeat(4000);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (noise) => {
        const bytes = Buffer.concat([
          Buffer.from(`{"model":"m","messages":[{"role":"user","content":"${half}`),
          noise,
          Buffer.from(`"}]}`),
        ]);
        let result: unknown;
        try {
          result = readClientRequest('chat', 'auto', bytes).json;
        } catch (error) {
          result = error;
        }
        expect(result instanceof Error ? result instanceof GatewayError : true).toBe(true);
      }),
    );
  });
});
