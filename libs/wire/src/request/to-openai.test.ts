import { GatewayError } from '@leeward/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hello, parsed, requestOf } from '../fixtures/read-fixture.ts';
import type { JsonObject } from '../wire.ts';
import { writeUpstreamRequest } from './write-upstream-request.ts';

const target = { dialect: 'openai', model: 'gpt-5-mini' } as const;

function translate(fields: JsonObject): JsonObject {
  return parsed(
    writeUpstreamRequest(requestOf({ model: 'mistral-large-latest', messages: hello, ...fields }, 'mistral'), target),
  );
}

describe('a chat request from Mistral’s dialect to OpenAI’s', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['random_seed', { random_seed: 3 }, { seed: 3 }],
    ['max_tokens', { max_tokens: 5 }, { max_completion_tokens: 5 }],
    ['stream', { stream: true }, { stream: true, stream_options: { include_usage: true } }],
    ['temperature, stop, n', { temperature: 1.2, stop: 'x', n: 2 }, { temperature: 1.2, stop: 'x', n: 2 }],
    ['stop: []', { stop: [] }, {}],
    ['a reasoning effort', { reasoning_effort: 'none' }, { reasoning_effort: 'none' }],
    ['an effort of another scale', { reasoning_effort: 'max' }, { reasoning_effort: 'xhigh' }],
    ['service_tier', { service_tier: 'standard_only' }, { service_tier: 'default' }],
    [
      'what OpenAI has no word for',
      {
        safe_prompt: true,
        prompt_mode: 'reasoning',
        guardrails: [],
        document_image_limit: 3,
        document_page_limit: 3,
        metadata: { a: 1 },
        top_k: 5,
        min_tokens: 1,
        repetition_penalty: 1,
      },
      {},
    ],
  ])('maps %s', (_name, fields, expected) => {
    expect(translate(fields)).toEqual({ model: 'gpt-5-mini', messages: hello, ...expected });
  });

  it('translates tools and keeps the intent of the choice', () => {
    const tools = [
      { type: 'function', function: { name: 'add', description: '', parameters: { type: 'object' }, strict: false } },
    ];
    expect(translate({ tools, tool_choice: 'any', parallel_tool_calls: false })).toMatchObject({
      tools,
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    const forced = { type: 'function', function: { name: 'add' } };
    expect(translate({ tools, tool_choice: forced }).tool_choice).toEqual(forced);
  });

  it('translates messages: no thinking, no references, text as one string, arguments as text', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
      { type: 'text', text: 'a' },
      { type: 'reference', reference_ids: [1] },
      { type: 'text', text: 'b' },
    ];
    expect(
      translate({
        messages: [
          { role: 'user', content: null },
          { role: 'assistant', content, prefix: true },
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ id: 'D681PevKs', function: { name: 'add', arguments: { a: 1 } }, index: 0 }],
          },
          { role: 'tool', tool_call_id: 'D681PevKs', name: 'add', content: [{ type: 'text', text: '3' }] },
        ],
      }).messages,
    ).toEqual([
      { role: 'user', content: '' },
      { role: 'assistant', content: 'ab' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'D681PevKs', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 'D681PevKs', content: '3' },
    ]);
  });

  it('numbers calls without an id and lets results answer them in order', () => {
    const call = (name: string, id?: string): JsonObject => ({
      ...(id === undefined ? {} : { id }),
      function: { name, arguments: '{}' },
    });
    const messages = translate({
      messages: [
        ...hello,
        { role: 'assistant', content: '', tool_calls: [call('a'), call('b', 'null')] },
        { role: 'tool', content: '1' },
        { role: 'tool', content: '2' },
      ],
    }).messages;
    expect(messages).toMatchObject([
      {},
      { tool_calls: [{ id: 'call_1_0' }, { id: 'call_1_1' }] },
      { tool_call_id: 'call_1_0' },
      { tool_call_id: 'call_1_1' },
    ]);
  });

  it('translates every kind of chunk', () => {
    const content = [
      { type: 'text', text: 'a' },
      { type: 'image_url', image_url: 'https://x/y.png' },
      { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
      { type: 'document_url', document_url: 'data:application/pdf;base64,AA', document_name: 'a.pdf' },
      { type: 'input_audio', input_audio: 'UklGRAAA' },
      { type: 'input_audio', input_audio: 'data:audio/mpeg;base64,AAAA' },
    ];
    expect(translate({ messages: [{ role: 'user', content }] }).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'https://x/y.png' } },
          { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
          { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' } },
          { type: 'input_audio', input_audio: { data: 'UklGRAAA', format: 'wav' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
        ],
      },
    ]);
  });

  it.each<[string, JsonObject]>([
    ['a connector', { tools: [{ type: 'web_search' }] }],
    ['a file that lies with Mistral', { messages: [{ role: 'user', content: [{ type: 'file', file_id: 'x' }] }] }],
    [
      'audio of an unknown format',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: 'https://x/y.ogg' }] }] },
    ],
    [
      'a picture in a system message',
      { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: 'x' }] }] },
    ],
  ])('refuses %s by name', (_name, fields) => {
    expect(() => translate(fields)).toThrow(expect.objectContaining({ code: 'GW_UNTRANSLATABLE' }) as Error);
  });

  it('throws nothing but GatewayError, whatever the fields hold', () => {
    const message = fc.record({
      role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'x'),
      content: fc.jsonValue(),
      tool_calls: fc.jsonValue(),
    });
    const body = fc.record({
      messages: fc.array(message, { minLength: 1, maxLength: 3 }),
      tools: fc.jsonValue(),
      response_format: fc.jsonValue(),
      tool_choice: fc.jsonValue(),
    });
    fc.assert(
      fc.property(body, (fields) => {
        try {
          translate(JSON.parse(JSON.stringify(fields)) as JsonObject);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the other surfaces to an OpenAI target', () => {
  it('translates embeddings', () => {
    const request = requestOf(
      { model: 'm', input: 'a', output_dimension: 8, output_dtype: 'float', metadata: {} },
      'mistral',
      'embeddings',
    );
    expect(parsed(writeUpstreamRequest(request, target))).toEqual({ model: 'gpt-5-mini', input: 'a', dimensions: 8 });
  });

  it('refuses embeddings in integers', () => {
    const request = requestOf({ model: 'm', input: 'a', output_dtype: 'int8' }, 'mistral', 'embeddings');
    expect(() => writeUpstreamRequest(request, target)).toThrow('output_dtype');
  });

  it('refuses fill-in-the-middle', () => {
    const request = requestOf({ model: 'codestral-latest', prompt: 'def' }, 'auto', 'fim');
    expect(() => writeUpstreamRequest(request, target)).toThrow(
      expect.objectContaining({ code: 'GW_UNTRANSLATABLE' }) as Error,
    );
  });
});
