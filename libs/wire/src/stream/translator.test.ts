import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, type FixtureChunk, hello, readFixture, requestOf } from '../fixtures/read-fixture.ts';
import { isObject, listOf, stringOf } from '../json.ts';
import type { Dialect, JsonObject } from '../wire.ts';
import { streamTranslator } from './translator.ts';

const DONE = 'data: [DONE]\n\n';

function client(dialect: Dialect, fields: JsonObject = {}) {
  return requestOf({ model: 'asked', messages: hello, stream: true, ...fields }, dialect);
}

const withUsage: JsonObject = { stream_options: { include_usage: true } };

function run(
  dialect: Dialect,
  from: Dialect,
  chunks: readonly FixtureChunk[],
  fields: JsonObject = {},
  keepRaw = true,
) {
  const translator = streamTranslator(client(dialect, fields), from);
  const pieces = chunks.map(({ json, raw }) => translator.push(json, keepRaw ? raw : undefined));
  const end = translator.end();
  const bytes = Buffer.concat([...pieces.filter((piece) => piece !== undefined), end]);
  expect(bytes.toString().endsWith(DONE)).toBe(true);
  return { pieces, chunks: chunksOf(bytes).map(({ json }) => json), bytes };
}

const fixture = (name: string) => chunksOf(readFixture(name));
const deltas = (chunks: readonly JsonObject[]) =>
  chunks
    .flatMap(({ choices }) => listOf(choices))
    .map((choice) => (isObject(choice) && isObject(choice.delta) ? choice.delta : {}));

const joined = (said: readonly JsonObject[], field: string) =>
  said.map((delta) => stringOf(delta[field]) ?? '').join('');

describe('a stream between equal dialects', () => {
  it.each(['mistral', 'openai'] as const)('%s: passes every event’s own bytes', (dialect) => {
    const chunks = fixture(`${dialect}-text.chunks.txt`);
    const { pieces } = run(dialect, dialect, chunks, dialect === 'openai' ? withUsage : {});
    expect(pieces.every((piece, index) => piece === chunks[index]?.raw)).toBe(true);
  });

  it('keeps the usage tail from an OpenAI client that did not ask for it', () => {
    const { chunks, pieces } = run('openai', 'openai', fixture('openai-text.chunks.txt'));
    expect(chunks).toHaveLength(4);
    expect(pieces.at(-1)).toBeUndefined();
  });

  it('encodes a chunk that comes without bytes', () => {
    const chunks = fixture('mistral-text.chunks.txt');
    expect(run('mistral', 'mistral', chunks, {}, false).bytes.equals(readFixture('mistral-text.chunks.txt'))).toBe(
      true,
    );
  });
});

describe('a Mistral stream for an OpenAI client', () => {
  it('passes a chunk of text as it is, cuts the padding, and moves the usage into a chunk of its own', () => {
    const recorded = fixture('mistral-text.chunks.txt');
    const { chunks, pieces } = run('openai', 'mistral', recorded, withUsage);
    expect(pieces[0]).toBe(recorded[0]?.raw);
    expect(pieces[1]?.toString()).toBe(recorded[1]?.raw.toString().replace(/,"p":"[a-z0-9]+"/, ''));
    expect(chunks.some((chunk) => 'p' in chunk)).toBe(false);
    expect(chunks.slice(-2)).toMatchObject([
      { choices: [{ finish_reason: 'stop' }] },
      { choices: [], usage: { prompt_tokens: 11, total_tokens: 16 } },
    ]);
    expect(chunks.at(-2)).not.toHaveProperty('usage');
  });

  it('says nothing of usage unless asked', () => {
    const { chunks } = run('openai', 'mistral', fixture('mistral-text.chunks.txt'));
    expect(chunks).toHaveLength(4);
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('turns thinking into reasoning_content and never shows an array', () => {
    const { chunks } = run('openai', 'mistral', fixture('mistral-reasoning.chunks.txt'));
    const said = deltas(chunks);
    expect(joined(said, 'reasoning_content')).toBe('Let us see');
    expect(joined(said, 'content')).toBe('Answer');
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }] });
  });

  it('adds the type and index of tool calls', () => {
    const { chunks } = run('openai', 'mistral', fixture('mistral-tools.chunks.txt'), withUsage);
    expect(deltas(chunks)[1]?.tool_calls).toEqual([
      { index: 0, id: 'FDWwUlD7d', type: 'function', function: { name: 'add', arguments: '{"a": 1}' } },
      { index: 1, id: 'D681PevKs', type: 'function', function: { name: 'add', arguments: '{"a": 2}' } },
    ]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens_details: { cached_tokens: 64 } } });
  });

  it('turns Mistral’s error object into the frame that every client survives', () => {
    const json: JsonObject = {
      object: 'error',
      message: 'Service unavailable.',
      type: 'internal_server_error',
      code: '3800',
    };
    const bytes = streamTranslator(client('openai'), 'mistral').push(json, undefined);
    expect(chunksOf(bytes ?? Buffer.alloc(0))[0]?.json).toMatchObject({
      model: 'asked',
      choices: [{ finish_reason: 'error' }],
      error: { message: 'Service unavailable.', code: '3800' },
    });
  });
});

describe('an OpenAI stream for a Mistral client', () => {
  it('cuts the null usage, holds the last chunk until the usage has come, and sends both as one', () => {
    const recorded = fixture('openai-text.chunks.txt');
    const { chunks, pieces } = run('mistral', 'openai', recorded);
    expect(pieces[1]?.toString()).toBe(recorded[1]?.raw.toString().replace(',"usage":null', ''));
    expect(pieces[3]).toBeUndefined();
    expect(chunks).toHaveLength(4);
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: 'stop' }],
      usage: { prompt_tokens: 12, completion_tokens: 3 },
    });
    expect(joined(deltas(chunks), 'content')).toBe('Hello');
  });

  it('lets the last chunk go without usage when the stream ends without', () => {
    const { chunks } = run('mistral', 'openai', fixture('openai-text.chunks.txt').slice(0, -1));
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
    expect(chunks.at(-1)).not.toHaveProperty('usage');
  });

  it('sends tool calls whole, in the chunk that ends the choice, under ids that Mistral accepts', () => {
    const { chunks } = run('mistral', 'openai', fixture('openai-tools.chunks.txt'));
    expect(chunks).toHaveLength(2);
    const id = expect.stringMatching(/^[A-Za-z0-9]{9}$/) as string;
    expect(chunks.at(-1)).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          delta: {
            tool_calls: [
              { id, type: 'function', index: 0, function: { name: 'add', arguments: '{"a":1}' } },
              { id, type: 'function', index: 1, function: { name: 'sub', arguments: '{"b":2}' } },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 12 },
    });
  });

  it('ends a choice with an error when its tool calls outgrow every bound', () => {
    const translator = streamTranslator(client('mistral'), 'openai');
    const fragment = { index: 0, id: 'a', function: { name: 'f', arguments: 'x'.repeat(1024 * 1024) } };
    const piece: JsonObject = {
      id: 'a',
      model: 'm',
      choices: [{ index: 0, delta: { tool_calls: [fragment] }, finish_reason: null }],
    };
    for (let count = 0; count < 5; count += 1) expect(translator.push(piece, undefined)).toBeUndefined();
    translator.push(
      { id: 'a', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      undefined,
    );
    const end = translator.end().toString();
    expect(end).toContain('"finish_reason":"error"');
    expect(end).not.toContain('tool_calls');
  });

  it('turns reasoning into thinking chunks', () => {
    const { chunks } = run('mistral', 'openai', fixture('vllm-reasoning.chunks.txt'));
    expect(deltas(chunks).map(({ content }) => content)).toEqual([
      '',
      [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }], closed: true }],
      [{ type: 'thinking', thinking: [{ type: 'text', text: 'm.' }], closed: true }],
      '42',
      '',
    ]);
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 });
  });

  it('shows a refusal as text', () => {
    const json: JsonObject = {
      id: 'a',
      model: 'm',
      choices: [{ index: 0, delta: { refusal: 'No.' }, finish_reason: null }],
    };
    const bytes = streamTranslator(client('mistral'), 'openai').push(json, undefined);
    expect(bytes?.toString()).toContain('"delta":{"content":"No."}');
  });

  it('keeps the error frame of another gateway whole', () => {
    const { chunks } = run('mistral', 'openai', fixture('openrouter-error.chunks.txt'));
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'error' }], error: { code: 502 } });
  });

  it('ends each of several choices, and gives the usage to the last', () => {
    const end = (index: number): JsonObject => ({
      id: 'a',
      model: 'm',
      choices: [{ index, delta: {}, finish_reason: 'stop' }],
    });
    const tail: JsonObject = {
      id: 'a',
      model: 'm',
      choices: [],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    };
    const { chunks } = run(
      'mistral',
      'openai',
      [end(0), end(1), tail].map((json) => ({ json, raw: Buffer.alloc(0) })),
      { n: 2 },
    );
    expect(chunks.map(({ usage }) => usage !== undefined)).toEqual([false, true]);
  });

  it('never sends a chunk that breaks a Mistral client, and never throws, whatever comes', () => {
    const text = fc.constantFrom('a', '');
    const delta = fc.record(
      {
        role: fc.constant('assistant'),
        content: fc.oneof(text, fc.jsonValue()),
        refusal: fc.oneof(text, fc.constant(null)),
        reasoning_content: text,
        tool_calls: fc.oneof(
          fc.array(fc.record({ index: fc.nat(2), id: text, function: fc.record({ name: text, arguments: text }) }), {
            maxLength: 2,
          }),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    );
    const choice = fc.record(
      {
        index: fc.oneof(fc.nat(1), fc.jsonValue()),
        delta: fc.oneof(delta, fc.jsonValue()),
        finish_reason: fc.constantFrom(null, 'stop', 'tool_calls'),
      },
      { requiredKeys: ['delta'] },
    );
    const chunk = fc.record(
      {
        id: fc.constant('a'),
        model: fc.oneof(text, fc.jsonValue()),
        choices: fc.oneof(fc.array(choice, { maxLength: 2 }), fc.jsonValue()),
        usage: fc.constantFrom(null, { prompt_tokens: 1 }),
        error: fc.oneof(fc.constant(undefined), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), fc.boolean(), (stream, keepRaw) => {
        const encoded = Buffer.from(stream.map((json) => `data: ${JSON.stringify(json)}\n\n`).join(''));
        for (const written of run('mistral', 'openai', chunksOf(encoded), {}, keepRaw).chunks) {
          expect(written.usage === undefined || isObject(written.usage)).toBe(true);
          expect(typeof written.id).toBe('string');
          expect(listOf(written.choices).length).toBeGreaterThan(0);
          for (const one of listOf(written.choices).filter(isObject)) {
            expect(typeof one.index).toBe('number');
            expect(one).toHaveProperty('finish_reason');
          }
        }
        run('openai', 'mistral', chunksOf(encoded), withUsage, keepRaw);
      }),
      { numRuns: 500 },
    );
  });
});
