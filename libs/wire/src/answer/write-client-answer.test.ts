import { describe, expect, it } from 'vitest';
import { hello, parsed, requestOf } from '../fixtures/read-fixture.ts';
import type { Dialect, JsonObject } from '../wire.ts';
import { writeClientAnswer } from './write-client-answer.ts';

const request = (dialect: Dialect) => requestOf({ model: 'asked', messages: hello }, dialect);
const encode = (json: JsonObject) => Buffer.from(JSON.stringify(json));
const usage = { prompt_tokens: 11, total_tokens: 107, completion_tokens: 96 };

function forOpenai(message: JsonObject, more: JsonObject = {}): JsonObject {
  const answer = {
    id: 'e9459fcd56c742e0875167c9926c6aae',
    created: 1757759489,
    model: 'mistral-tiny',
    usage,
    object: 'chat.completion',
    p: 'abc',
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', tool_calls: null, ...message }, ...more },
    ],
  };
  return parsed(writeClientAnswer(request('openai'), 'mistral', encode(answer)));
}

function forMistral(message: JsonObject, more: JsonObject = {}): JsonObject {
  const answer = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1757759489,
    model: 'gpt-5-mini',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', refusal: null, annotations: [], ...message },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage,
    service_tier: 'default',
    system_fingerprint: null,
    ...more,
  };
  return parsed(writeClientAnswer(request('mistral'), 'openai', encode(answer)));
}

const thinking = (text: string): JsonObject => ({ type: 'thinking', thinking: [{ type: 'text', text }], closed: true });

describe('a whole answer', () => {
  it('is the upstream’s bytes between equal dialects', () => {
    const bytes = encode({ any: 'thing' });
    expect(writeClientAnswer(request('mistral'), 'mistral', bytes)).toBe(bytes);
  });

  it.each(['{}', '[]', 'oops', '{"choices":[]}', '{"error":{"message":"Provider returned error","code":502}}'])(
    'is refused when it is no completion: %s',
    (body) => {
      expect(() => writeClientAnswer(request('openai'), 'mistral', Buffer.from(body))).toThrow(
        expect.objectContaining({ code: 'GW_UPSTREAM_FAILED' }) as Error,
      );
    },
  );
});

describe('a Mistral answer for an OpenAI client', () => {
  it('keeps id, model and time, strips the padding and fills in what OpenAI’s clients expect', () => {
    expect(forOpenai({ content: 'Hi' })).toEqual({
      id: 'e9459fcd56c742e0875167c9926c6aae',
      object: 'chat.completion',
      created: 1757759489,
      model: 'mistral-tiny',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        ...usage,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });

  it('joins all pieces of text and of thinking, and drops references', () => {
    const content = [
      thinking('a'),
      { type: 'text', text: 'x' },
      { type: 'reference', reference_ids: [1] },
      thinking('b'),
      { type: 'text', text: 'y' },
    ];
    expect(forOpenai({ content })).toMatchObject({
      choices: [{ message: { content: 'xy', reasoning_content: 'ab' } }],
    });
  });

  it('says null for the content of a tool call, adds its type and writes arguments as text', () => {
    const calls = [{ id: 'D681PevKs', function: { name: 'add', arguments: { a: 1 } }, index: 0 }];
    expect(forOpenai({ content: '', tool_calls: calls }, { finish_reason: 'tool_calls' })).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            content: null,
            tool_calls: [{ id: 'D681PevKs', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
          },
        },
      ],
    });
  });

  it('says length for model_length', () => {
    expect(forOpenai({ content: 'x' }, { finish_reason: 'model_length' })).toMatchObject({
      choices: [{ finish_reason: 'length' }],
    });
  });
});

describe('an OpenAI answer for a Mistral client', () => {
  it('has Mistral’s fields alone', () => {
    expect(forMistral({ content: 'Hi' })).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1757759489,
      model: 'gpt-5-mini',
      usage: { ...usage, prompt_tokens_details: { cached_tokens: 0 } },
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', tool_calls: null, content: 'Hi' } }],
    });
  });

  it('always has a usage, an id and a finish reason', () => {
    const answer = forMistral({ content: 'x' }, { usage: null, id: null, model: null, created: null });
    expect(answer).toMatchObject({
      id: 'unknown',
      model: 'asked',
      created: 0,
      usage: { prompt_tokens: 0, total_tokens: 0, completion_tokens: 0 },
    });
  });

  it('puts reasoning before the text as a thinking chunk, and shows a refusal as text', () => {
    expect(forMistral({ content: 'x', reasoning_content: 'Hm' })).toMatchObject({
      choices: [{ message: { content: [thinking('Hm'), { type: 'text', text: 'x' }] } }],
    });
    expect(forMistral({ content: null, refusal: 'No.' })).toMatchObject({ choices: [{ message: { content: 'No.' } }] });
  });

  it('gives tool calls ids that a Mistral model accepts when they come back', () => {
    const calls = [{ id: 'call_BvT1xqZ0a1b2c3', type: 'function', function: { name: 'add', arguments: '' } }];
    expect(forMistral({ content: null, tool_calls: calls })).toMatchObject({
      choices: [
        {
          message: {
            content: '',
            tool_calls: [
              {
                id: expect.stringMatching(/^[A-Za-z0-9]{9}$/) as string,
                type: 'function',
                function: { name: 'add', arguments: '{}' },
              },
            ],
          },
        },
      ],
    });
  });
});

describe('an embeddings answer', () => {
  const answer = {
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding: [0.1, -2e-5] }],
    model: 'e',
    usage: { prompt_tokens: 1, total_tokens: 1 },
  };
  const asked = (dialect: Dialect) => requestOf({ model: 'e', input: 'x' }, dialect, 'embeddings');

  it('gets the id that Mistral’s client requires, and keeps one that is there', () => {
    const written = parsed(writeClientAnswer(asked('mistral'), 'openai', encode(answer)));
    expect(written).toEqual({ ...answer, id: expect.stringMatching(/^[0-9a-f]{32}$/) as string });
    const named = encode({ id: 'embd-1', ...answer });
    expect(writeClientAnswer(asked('mistral'), 'openai', named)).toBe(named);
  });

  it('is left alone for an OpenAI client', () => {
    const bytes = encode({ id: 'x', ...answer });
    expect(writeClientAnswer(asked('openai'), 'mistral', bytes)).toBe(bytes);
  });
});
