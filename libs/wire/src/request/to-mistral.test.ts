import { describe, expect, it } from 'vitest';
import { foreignFields } from '../fixtures/closed-schema.ts';
import { hello, parsed, requestOf } from '../fixtures/read-fixture.ts';
import type { JsonObject } from '../wire.ts';
import { writeUpstreamRequest } from './write-upstream-request.ts';

function translate(fields: JsonObject, model = 'mistral-medium-latest'): JsonObject {
  const request = requestOf({ model: 'gpt-5', messages: hello, ...fields }, 'openai');
  return parsed(writeUpstreamRequest(request, { dialect: 'mistral', model }));
}

const messagesOf = (messages: JsonObject[], model?: string) => translate({ messages }, model).messages;
const add = { type: 'function', function: { name: 'add', parameters: { type: 'object', properties: {} } } };
const sub = { type: 'function', function: { name: 'sub', parameters: { type: 'object', properties: {} } } };

describe('a chat request from OpenAI’s dialect to Mistral’s', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['max_completion_tokens, which wins', { max_completion_tokens: 9, max_tokens: 5 }, { max_tokens: 9 }],
    ['max_tokens', { max_tokens: 5 }, { max_tokens: 5 }],
    ['seed', { seed: 42 }, { random_seed: 42 }],
    ['a negative seed', { seed: -42 }, { random_seed: 42 }],
    ['a temperature above the scale', { temperature: 2 }, { temperature: 1.5 }],
    ['stop: null', { stop: null }, {}],
    ['stop: []', { stop: [] }, {}],
    ['stop', { stop: ['a'] }, { stop: ['a'] }],
    [
      'metadata, prompt_cache_key, n',
      { metadata: { a: 'b' }, prompt_cache_key: 'k', n: 2 },
      { metadata: { a: 'b' }, prompt_cache_key: 'k', n: 2 },
    ],
    ['stream_options', { stream: true, stream_options: { include_usage: true } }, { stream: true }],
    [
      'what Mistral has no word for',
      {
        user: 'u',
        store: true,
        logit_bias: {},
        verbosity: 'low',
        safety_identifier: 's',
        web_search_options: {},
        modalities: ['text'],
        audio: {},
        logprobs: true,
        top_logprobs: 2,
        anything_new: 1,
      },
      {},
    ],
    ['service_tier: default', { service_tier: 'default' }, {}],
    ['service_tier: auto', { service_tier: 'auto' }, { service_tier: 'auto' }],
    [
      'prediction in parts',
      {
        prediction: {
          type: 'content',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      },
      { prediction: { type: 'content', content: 'ab' } },
    ],
    ['tools: []', { tools: [], tool_choice: 'auto' }, {}],
    [
      'Mistral’s own fields',
      { random_seed: 7, safe_prompt: true, guardrails: [] },
      { random_seed: 7, safe_prompt: true, guardrails: [] },
    ],
  ])('maps %s', (_name, fields, expected) => {
    expect(translate(fields)).toEqual({ model: 'mistral-medium-latest', messages: hello, ...expected });
  });

  it('keeps the schema of a response format and drops what Mistral does not know in it', () => {
    const schema = {
      type: 'object',
      $schema: 'http://json-schema.org/draft-07/schema#',
      properties: { a: { type: 'string' } },
    };
    const format = { type: 'json_schema', json_schema: { name: 'n', strict: true, schema, extra: 1 } };
    expect(translate({ response_format: format }).response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'n', strict: true, schema: { type: 'object', properties: { a: { type: 'string' } } } },
    });
    expect(translate({ response_format: { type: 'json_object' } }).response_format).toEqual({ type: 'json_object' });
  });

  it('strips $schema and $id from tools but keeps a property of that name, and adds missing parameters', () => {
    const parameters = { $schema: 's', $id: 'i', type: 'object', properties: { $id: { type: 'string', $id: 'x' } } };
    const tools = translate({
      tools: [
        { type: 'function', function: { name: 'a', strict: true, parameters, foreign: 1 } },
        { type: 'function', function: { name: 'b' } },
      ],
    }).tools;
    expect(tools).toEqual([
      {
        type: 'function',
        function: { name: 'a', strict: true, parameters: { type: 'object', properties: { $id: { type: 'string' } } } },
      },
      { type: 'function', function: { name: 'b', parameters: { type: 'object', properties: {} } } },
    ]);
  });

  it('keeps a forced tool choice, and filters the tools by allowed_tools', () => {
    const forced = { type: 'function', function: { name: 'add' } };
    expect(translate({ tools: [add], tool_choice: forced }).tool_choice).toEqual(forced);
    expect(translate({ tools: [add], tool_choice: 'required' }).tool_choice).toBe('any');
    const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [forced] } };
    expect(translate({ tools: [add, sub], tool_choice: allowed })).toMatchObject({ tools: [add], tool_choice: 'any' });
  });

  it.each<[string, JsonObject]>([
    ['custom tools', { tools: [{ type: 'custom', custom: { name: 'x' } }] }],
    ['a custom tool choice', { tools: [add], tool_choice: { type: 'custom', custom: { name: 'x' } } }],
    ['functions of old', { functions: [{ name: 'x' }] }],
    ['the function role', { messages: [{ role: 'function', name: 'x', content: '1' }] }],
    ['a part nobody knows', { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: {} }] }] }],
    [
      'a call of a custom tool',
      { messages: [...hello, { role: 'assistant', tool_calls: [{ id: 'a', type: 'custom', custom: {} }] }] },
    ],
  ])('refuses %s by name', (_name, fields) => {
    expect(() => translate(fields)).toThrow(expect.objectContaining({ code: 'GW_UNTRANSLATABLE' }) as Error);
  });

  it.each([
    ['mistral-medium-latest', ['none', 'none', 'none', 'high', 'high', 'high']],
    ['mistral-large-4-0', ['none', 'none', 'none', 'high', 'high', 'high']],
    ['zai-glm-5-3', ['low', 'low', 'low', 'high', 'high', 'max']],
    ['mistral-large-latest', [undefined, undefined, undefined, undefined, undefined, undefined]],
  ])('says on %s only the efforts it knows, and never turns a low one into a high one', (model, expected) => {
    const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];
    expect(efforts.map((effort) => translate({ reasoning_effort: effort }, model).reasoning_effort)).toEqual(expected);
  });

  it('turns developer into system and drops names but a tool’s', () => {
    expect(
      messagesOf([
        { role: 'developer', content: 'Be brief' },
        { role: 'user', name: 'ann', content: 'Hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'D681PevKs', type: 'function', function: { name: 'add', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'D681PevKs', name: 'add', content: '3' },
      ]),
    ).toEqual([
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'D681PevKs', type: 'function', function: { name: 'add', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'D681PevKs', name: 'add', content: '3' },
    ]);
  });

  it('gives a call and its result the same nine-character id', () => {
    const call = (id: string) => ({ id, type: 'function', function: { name: 'add', arguments: '{}' } });
    const messages = messagesOf([
      ...hello,
      { role: 'assistant', content: '', tool_calls: [call('chatcmpl-tool-1'), call('chatcmpl-tool-2')] },
      { role: 'tool', tool_call_id: 'chatcmpl-tool-2', content: 'b', name: '' },
      { role: 'tool', tool_call_id: 'chatcmpl-tool-1', content: 'a' },
    ]);
    const [, { tool_calls: calls }, second, first] = messages as [
      JsonObject,
      { tool_calls: JsonObject[] },
      JsonObject,
      JsonObject,
    ];
    expect(calls.map(({ id }) => id)).toEqual([first.tool_call_id, second.tool_call_id]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    expect(calls[0]?.id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(second).not.toHaveProperty('name');
  });

  it('drops an empty assistant message and the fields Mistral refuses', () => {
    expect(
      messagesOf([
        ...hello,
        { role: 'assistant', content: null },
        { role: 'assistant', content: '', tool_calls: [] },
        {
          role: 'assistant',
          content: 'Yes',
          refusal: null,
          audio: null,
          annotations: [],
          function_call: null,
          thinking_blocks: [],
        },
        ...hello,
      ]),
    ).toEqual([...hello, { role: 'assistant', content: 'Yes' }, ...hello]);
  });

  it('keeps what a refusal said', () => {
    expect(messagesOf([...hello, { role: 'assistant', content: null, refusal: 'No.' }, ...hello])).toContainEqual({
      role: 'assistant',
      content: 'No.',
    });
  });

  it('marks a conversation that ends with the assistant as the beginning of the answer', () => {
    expect(messagesOf([...hello, { role: 'assistant', content: 'Once' }])).toEqual([
      ...hello,
      { role: 'assistant', content: 'Once', prefix: true },
    ]);
  });

  it('replays thinking to a model that reasons, and leaves it out for one that does not', () => {
    const messages = [...hello, { role: 'assistant', content: 'Yes', reasoning_content: 'Hm' }, ...hello];
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }], closed: true };
    expect(messagesOf(messages)).toContainEqual({
      role: 'assistant',
      content: [thinking, { type: 'text', text: 'Yes' }],
    });
    expect(messagesOf(messages, 'mistral-large-latest')).toContainEqual({ role: 'assistant', content: 'Yes' });
  });

  it('moves a system message to the start where the order rules forbid it', () => {
    expect(
      messagesOf([
        { role: 'system', content: 'a' },
        ...hello,
        { role: 'assistant', content: 'x' },
        { role: 'developer', content: 'b' },
        ...hello,
      ]),
    ).toEqual([
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      ...hello,
      { role: 'assistant', content: 'x' },
      ...hello,
    ]);
  });

  it('translates every kind of content part', () => {
    const content = [
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
      { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'high', extra: 1 } },
      { type: 'image_url', image_url: 'data:image/png;base64,AA' },
      { type: 'input_audio', input_audio: { data: 'UklGR', format: 'wav' } },
      { type: 'file', file: { file_id: 'file-1' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AA', filename: 'a.pdf' } },
      { type: 'file', file: { file_data: 'AAAA' } },
    ];
    expect(messagesOf([{ role: 'user', content }])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'high' } },
          { type: 'image_url', image_url: 'data:image/png;base64,AA' },
          { type: 'input_audio', input_audio: 'UklGR' },
          { type: 'file', file_id: 'file-1' },
          { type: 'document_url', document_url: 'data:application/pdf;base64,AA', document_name: 'a.pdf' },
          { type: 'document_url', document_url: 'data:application/pdf;base64,AAAA' },
        ],
      },
    ]);
  });
});

describe('an embeddings request to Mistral', () => {
  const translateInput = (fields: JsonObject) =>
    parsed(
      writeUpstreamRequest(requestOf({ model: 'e', ...fields }, 'openai', 'embeddings'), {
        dialect: 'mistral',
        model: 'mistral-embed',
      }),
    );

  it('renames dimensions, keeps the encoding, drops the user', () => {
    const written = translateInput({ input: ['a'], dimensions: 256, encoding_format: 'base64', user: 'u' });
    expect(written).toEqual({ model: 'mistral-embed', input: ['a'], output_dimension: 256, encoding_format: 'base64' });
    expect(foreignFields('embeddings', written)).toEqual([]);
  });

  it('refuses tokens instead of text', () => {
    expect(() => translateInput({ input: [1, 2] })).toThrow('text, not tokens');
  });
});
