import { GatewayError } from '@leeward/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foreignFields } from '../fixtures/closed-schema.ts';
import { hello, parsed, requestOf } from '../fixtures/read-fixture.ts';
import type { ClientRequest, JsonObject } from '../wire.ts';
import { writeUpstreamRequest } from './write-upstream-request.ts';

const target = { dialect: 'mistral', model: 'mistral-medium-latest' } as const;

function translate(fields: JsonObject): JsonObject {
  return parsed(writeUpstreamRequest(requestOf({ model: 'gpt-5', ...fields }, 'openai'), target));
}

function failureOf(request: ClientRequest): unknown {
  try {
    writeUpstreamRequest(request, target);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a chat request to Mistral, made of anything', () => {
  it('never writes a field outside Mistral’s closed schema, and throws nothing but GatewayError', () => {
    const text = fc.constantFrom('a', '', 'text', 'call_1');
    const part = fc.oneof(
      fc.record(
        {
          type: fc.constantFrom(
            'text',
            'refusal',
            'image_url',
            'input_audio',
            'file',
            'thinking',
            'reference',
            'document_url',
            'x',
          ),
          text,
          image_url: fc.jsonValue(),
          input_audio: fc.jsonValue(),
          file: fc.jsonValue(),
          thinking: fc.jsonValue(),
          cache_control: fc.jsonValue(),
        },
        { requiredKeys: ['type'] },
      ),
      fc.jsonValue(),
    );
    const call = fc.oneof(
      fc.record({ id: text, type: text, function: fc.record({ name: text, arguments: fc.jsonValue(), extra: text }) }),
      fc.jsonValue(),
    );
    const message = fc.record(
      {
        role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool', 'x'),
        content: fc.oneof(text, fc.constant(null), fc.array(part, { maxLength: 3 })),
        name: text,
        refusal: text,
        reasoning_content: text,
        tool_calls: fc.oneof(fc.array(call, { maxLength: 2 }), fc.jsonValue()),
        tool_call_id: text,
        extra: fc.jsonValue(),
      },
      { requiredKeys: ['role'] },
    );
    const tool = fc.oneof(
      fc.record({
        type: fc.constant('function'),
        function: fc.record({ name: text, parameters: fc.jsonValue(), extra: text }),
      }),
      fc.jsonValue(),
    );
    const body = fc.record(
      {
        messages: fc.array(message, { minLength: 1, maxLength: 5 }),
        tools: fc.oneof(fc.array(tool, { maxLength: 2 }), fc.jsonValue()),
        tool_choice: fc.oneof(fc.constantFrom('auto', 'required'), fc.jsonValue()),
        response_format: fc.oneof(fc.record({ type: text, json_schema: fc.jsonValue(), extra: text }), fc.jsonValue()),
        prediction: fc.jsonValue(),
        stop: fc.jsonValue(),
        temperature: fc.jsonValue(),
        seed: fc.jsonValue(),
        user: fc.jsonValue(),
        x_unknown: fc.jsonValue(),
      },
      { requiredKeys: ['messages'] },
    );
    let translated = 0;
    fc.assert(
      fc.property(body, (fields) => {
        try {
          expect(foreignFields('chat', translate(JSON.parse(JSON.stringify(fields)) as JsonObject))).toEqual([]);
          translated += 1;
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      }),
      { numRuns: 1000, seed: 7 },
    );
    expect(translated).toBeGreaterThan(100);
  });

  it('survives a body nested deeper than any stack', () => {
    const deep = JSON.parse('{"a":'.repeat(200_000) + '1' + '}'.repeat(200_000)) as JsonObject;
    const tools = [{ type: 'function', function: { name: 'a', parameters: deep } }];
    for (const extra of [{ metadata: deep }, { tools }]) {
      const failure = failureOf({
        ...requestOf({ model: 'm', messages: hello }, 'openai'),
        json: { messages: hello, ...extra },
      });
      expect(failure === undefined || failure instanceof GatewayError).toBe(true);
    }
  });
});
