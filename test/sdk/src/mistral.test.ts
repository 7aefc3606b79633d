/** Mistral's own SDK, through the gateway to Mistral and to the secondary: what it is told when all is well. */
import { embed } from '@leeward/mistral-sim';
import { HTTPClient, Mistral } from '@mistralai/mistralai';
import type { AssistantMessage, CompletionEvent, ToolCall, UsageInfo } from '@mistralai/mistralai/models/components';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  BERTH_SCHEMA,
  EXPECTED_TEXT,
  expectedCalls,
  expectedText,
  IMAGE_URL,
  namesAndArguments,
  QUESTION,
  TOOL_QUESTION,
  TOOLS,
} from './cases/cases.ts';
import {
  MODEL,
  REASONING_MODEL,
  SECONDARY_EMBEDDING_MODEL,
  SECONDARY_MODEL,
  SECONDARY_REASONING_MODEL,
  startWorld,
  type World,
} from './world/world.ts';

let world: World;
let client: Mistral;
beforeAll(async () => {
  world = await startWorld();
  client = clientAt('');
});
afterAll(() => world.stop());

function clientAt(path: string, httpClient = new HTTPClient()): Mistral {
  return new Mistral({ serverURL: world.url + path, apiKey: world.clientKey, httpClient });
}

const messages = [{ role: 'user' as const, content: QUESTION }];
const toolMessages = [{ role: 'user' as const, content: TOOL_QUESTION }];
const tools = [...TOOLS];

describe.each([
  ['Mistral', MODEL],
  ['the secondary', SECONDARY_MODEL],
])('a Mistral client served by %s', (_vendor, model) => {
  it('gets the whole answer', async () => {
    const answer = await client.chat.complete({ model, messages });
    const [choice] = answer.choices;
    expect(choice).toMatchObject({ index: 0, finishReason: 'stop' });
    expect(choice?.message).toMatchObject({ role: 'assistant', content: EXPECTED_TEXT });
    expect(answer.usage.completionTokens).toBeGreaterThan(0);
    expect(answer.usage.totalTokens).toBe((answer.usage.promptTokens ?? 0) + (answer.usage.completionTokens ?? 0));
  });

  it('gets exactly the same text when it streams, and the usage with the last choice', async () => {
    const { usage } = await client.chat.complete({ model, messages });
    const gathered = await gather(await client.chat.stream({ model, messages }));
    expect(gathered.text).toBe(EXPECTED_TEXT);
    expect(gathered.finishReasons).toEqual(['stop']);
    // A chunk without a choice, as OpenAI sends its usage, crashes clients that were made for Mistral.
    expect(gathered.chunksWithoutChoices).toBe(0);
    expect(gathered.usages).toHaveLength(1);
    expect(gathered.usageCameLast).toBe(true);
    expect(gathered.usages[0]).toMatchObject({
      promptTokens: usage.promptTokens,
      completionTokens: usage.completionTokens,
      totalTokens: usage.totalTokens,
    });
  });

  it('gets parallel tool calls, whole, with ids that every Mistral model takes', async () => {
    const answer = await client.chat.complete({ model, messages: toolMessages, tools });
    const [choice] = answer.choices;
    expect(choice?.finishReason).toBe('tool_calls');
    const calls = namedCalls(choice?.message?.toolCalls);
    expect(namesAndArguments(calls)).toEqual(namesAndArguments(expectedCalls()));
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    expect(calls.every(({ id }) => /^[A-Za-z0-9]{9}$/.test(id))).toBe(true);
  });

  it('gets streamed tool calls in one piece each', async () => {
    const gathered = await gather(await client.chat.stream({ model, messages: toolMessages, tools }));
    expect(gathered.finishReasons).toEqual(['tool_calls']);
    expect(namesAndArguments(namedCalls(gathered.calls))).toEqual(namesAndArguments(expectedCalls()));
    expect(gathered.usages).toHaveLength(1);
  });

  it('gets the same ids whole and streamed', async () => {
    const answer = await client.chat.complete({ model: MODEL, messages: toolMessages, tools });
    const gathered = await gather(await client.chat.stream({ model: MODEL, messages: toolMessages, tools }));
    expect(namedCalls(gathered.calls)).toEqual(namedCalls(answer.choices[0]?.message?.toolCalls));
  });

  it.each(['get_weather', 'get_tide'])('gets a call of %s and no other when it forces that by name', async (name) => {
    const asked = { model, messages, tools, toolChoice: { type: 'function' as const, function: { name } } };
    const whole = await client.chat.complete(asked);
    const streamed = await gather(await client.chat.stream(asked));
    expect(namedCalls(whole.choices[0]?.message?.toolCalls).map((call) => call.name)).toEqual([name]);
    expect(namedCalls(streamed.calls).map((call) => call.name)).toEqual([name]);
  });

  it.each(['any', 'required'] as const)('gets some call when it says %s', async (toolChoice) => {
    const answer = await client.chat.complete({ model, messages, tools, toolChoice });
    expect(answer.choices[0]?.message?.toolCalls).toHaveLength(1);
  });

  it('gets one call when it forbids parallel ones', async () => {
    const answer = await client.chat.complete({ model, messages: toolMessages, tools, parallelToolCalls: false });
    expect(answer.choices[0]?.message?.toolCalls).toHaveLength(1);
  });

  it('sends the results of tools back, by the ids it was given', async () => {
    const first = await client.chat.complete({ model, messages: toolMessages, tools });
    const message = assistantMessage(first.choices[0]?.message);
    const results = namedCalls(message.toolCalls).map(({ id, name }) => ({
      role: 'tool' as const,
      toolCallId: id,
      name,
      content: `${name}: fine`,
    }));
    const second = await client.chat.complete({ model, messages: [...toolMessages, message, ...results], tools });
    expect(second.choices[0]?.finishReason).toBe('stop');
    expect(second.choices[0]?.message?.content).toBe(expectedText({ messages: [...toolMessages, ...results] }));
  });

  it('gets JSON that follows its schema', async () => {
    const answer = await client.chat.complete({
      model,
      messages,
      responseFormat: {
        type: 'json_schema',
        jsonSchema: { name: 'berth', schemaDefinition: BERTH_SCHEMA, strict: true },
      },
    });
    const format = { type: 'json_schema', json_schema: { name: 'berth', schema: BERTH_SCHEMA, strict: true } };
    expect(answer.choices[0]?.message?.content).toBe(expectedText({ response_format: format }));
  });

  it('parses an object by its schema with its own means', async () => {
    const responseFormat = z.object({ name: z.string(), length: z.int().min(5).max(60), free: z.boolean() });
    const answer = await client.chat.parse({ model, messages, responseFormat });
    const parsed: unknown = answer.choices?.[0]?.message?.parsed;
    expect(responseFormat.parse(parsed)).toEqual(parsed);
  });

  it('has its images read, spelt in either way', async () => {
    for (const imageUrl of [IMAGE_URL, { url: IMAGE_URL, detail: 'high' as const }]) {
      const content = [
        { type: 'text' as const, text: QUESTION },
        { type: 'image_url' as const, imageUrl },
      ];
      const answer = await client.chat.complete({ model, messages: [{ role: 'user', content }] });
      expect(answer.choices[0]?.message?.content).toBe(EXPECTED_TEXT);
      expect(answer.usage.promptTokens).toBeGreaterThan(1024);
    }
  });

  it('gets as many choices as it asks for, whole and streamed', async () => {
    const whole = await client.chat.complete({ model, messages, n: 3 });
    const texts = whole.choices.map((choice) => choice.message?.content);
    expect(new Set(texts).size).toBe(3);
    expect(texts[0]).toBe(EXPECTED_TEXT);
    const streamed = ['', '', ''];
    const finished: number[] = [];
    let usages = 0;
    for await (const { data } of await client.chat.stream({ model, messages, n: 3 })) {
      if (data.usage !== undefined) usages++;
      for (const { index, delta, finishReason } of data.choices) {
        streamed[index] += textOf(delta.content);
        if (finishReason !== null) finished.push(index);
      }
    }
    expect(streamed).toEqual(texts);
    expect(finished.toSorted((one, other) => one - other)).toEqual([0, 1, 2]);
    expect(usages).toBe(1);
  });

  it('is cut short where maxTokens says', async () => {
    const answer = await client.chat.complete({ model, messages, maxTokens: 6 });
    expect(answer.choices[0]?.finishReason).toBe('length');
    expect(answer.choices[0]?.message?.content).toBe(expectedText({ max_tokens: 6 }));
    expect(answer.usage.completionTokens).toBe(6);
  });

  it('stops before a stop sequence', async () => {
    const stop = EXPECTED_TEXT.slice(30, 36);
    const answer = await client.chat.complete({ model, messages, stop });
    expect(answer.choices[0]?.finishReason).toBe('stop');
    expect(answer.choices[0]?.message?.content).toBe(expectedText({ stop }));
  });

  it('gets the same answer for the same seed', async () => {
    const asked = { model, messages, randomSeed: 42, temperature: 0.9 };
    const [first, second] = [await client.chat.complete(asked), await client.chat.complete(asked)];
    expect(first.choices[0]?.message?.content).toBe(second.choices[0]?.message?.content);
  });

  it('sees who answered in the headers, whole and streamed', async () => {
    const seen: Headers[] = [];
    const hooked = new HTTPClient();
    hooked.addHook('response', ({ headers }) => {
      seen.push(headers);
    });
    const at = clientAt('', hooked);
    await at.chat.complete({ model, messages }, { headers: { 'x-request-id': 'mate-17' } });
    await gather(await at.chat.stream({ model, messages }, { headers: { 'x-request-id': 'mate-17' } }));
    expect(seen).toHaveLength(2);
    for (const headers of seen) {
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-request-id': 'mate-17',
        'x-leeward-provider': model === MODEL ? 'mistral' : 'secondary',
        'x-leeward-model': model === MODEL ? MODEL : 'gpt-4.1',
        'x-leeward-attempts': '1',
        'x-leeward-fallback': '0',
      });
      expect(headers.get('set-cookie')).toBeNull();
    }
  });
});

describe('a Mistral client and reasoning', () => {
  it.each([
    ['a model that always reasons', REASONING_MODEL, {}],
    ['a model that reasons when asked', MODEL, { reasoningEffort: 'high' as const }],
  ])('gets the thinking of %s apart from the text', async (_what, model, fields) => {
    const whole = await client.chat.complete({ model, messages, ...fields });
    const content = whole.choices[0]?.message?.content;
    expect(textOf(content)).toBe(EXPECTED_TEXT);
    expect(thinkingOf(content)).not.toBe('');
    let [text, thinking] = ['', ''];
    for await (const { data } of await client.chat.stream({ model, messages, ...fields })) {
      text += textOf(data.choices[0]?.delta.content);
      thinking += thinkingOf(data.choices[0]?.delta.content);
    }
    expect(text).toBe(EXPECTED_TEXT);
    expect(thinking).toBe(thinkingOf(content));
  });

  it('is understood when it sends the thinking back', async () => {
    for (const model of [REASONING_MODEL, SECONDARY_MODEL]) {
      const first = await client.chat.complete({ model: REASONING_MODEL, messages });
      const next = { role: 'user' as const, content: 'And by day? [words=12]' };
      const said = assistantMessage(first.choices[0]?.message);
      const second = await client.chat.complete({ model, messages: [...messages, said, next] });
      expect(textOf(second.choices[0]?.message?.content)).toBe(
        expectedText({ messages: [...messages, { role: 'assistant', content: EXPECTED_TEXT }, next] }),
      );
    }
  });

  it('warns by itself of a model that Mistral is about to retire', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    await client.chat.complete({ model: 'magistral-medium-latest', messages });
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/magistral-medium-latest is deprecated/));
    warn.mockRestore();
  });

  it('is understood by a secondary that takes max_completion_tokens only', async () => {
    const asked = { model: SECONDARY_REASONING_MODEL, messages, maxTokens: 6, reasoningEffort: 'high' as const };
    const answer = await client.chat.complete(asked);
    expect(answer.choices[0]?.finishReason).toBe('length');
    expect(textOf(answer.choices[0]?.message?.content)).toBe(expectedText({ max_tokens: 6 }));
  });
});

describe('a Mistral client and embeddings', () => {
  it.each([
    ['Mistral', 'mistral-embed', 1024],
    ['the secondary', SECONDARY_EMBEDDING_MODEL, 1536],
  ])('reads the vectors of %s', async (_vendor, model, dimension) => {
    const one = await client.embeddings.create({ model, inputs: 'a rope' });
    const batch = await client.embeddings.create({ model, inputs: ['a rope', 'a sail', 'ein Knäuel 港'] });
    expect(one.data[0]?.embedding).toEqual(embed('a rope', dimension));
    expect(batch.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(batch.data[2]?.embedding).toEqual(embed('ein Knäuel 港', dimension));
    expect(batch.usage.promptTokens).toBeGreaterThan(one.usage.promptTokens ?? 0);
  });

  it('gets the dimensions it asks for', async () => {
    for (const model of ['codestral-embed', SECONDARY_EMBEDDING_MODEL]) {
      const { data } = await client.embeddings.create({ model, inputs: 'a rope', outputDimension: 256 });
      expect(data[0]?.embedding).toEqual(embed('a rope', 256));
    }
  });
});

describe('a Mistral client that moves between vendors', () => {
  it.each([
    [
      'from the secondary to a Mistral model that takes ids of nine characters only',
      SECONDARY_MODEL,
      'open-mistral-nemo',
    ],
    ['from Mistral to the secondary', MODEL, SECONDARY_MODEL],
  ])('takes its tool calls along %s', async (_way, from, to) => {
    const first = await client.chat.complete({ model: from, messages: toolMessages, tools });
    const message = assistantMessage(first.choices[0]?.message);
    const results = namedCalls(message.toolCalls).map(({ id, name }) => ({
      role: 'tool' as const,
      toolCallId: id,
      content: `${name}: fine`,
    }));
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const second = await client.chat.complete({ model: to, messages: [...toolMessages, message, ...results], tools });
    vi.restoreAllMocks();
    expect(second.choices[0]?.message?.content).toBe(expectedText({ messages: [...toolMessages, ...results] }));
  });
});

describe('a Mistral client and code completion', () => {
  const asked = { model: 'codestral-latest', prompt: 'function sail(', suffix: 'return wind; }', maxTokens: 12 };
  const expected = expectedText({ messages: undefined, prompt: asked.prompt, suffix: asked.suffix, max_tokens: 12 });

  it('gets the middle, whole and streamed', async () => {
    const whole = await client.fim.complete(asked);
    expect(whole.choices[0]?.message?.content).toBe(expected);
    const gathered = await gather(await client.fim.stream(asked));
    expect(gathered.text).toBe(expected);
    expect(gathered.usages).toHaveLength(1);
  });
});

describe('a Mistral client and its base URL', () => {
  it.each(['', '/v1', '/mistral', '/mistral/v1', '/openai'])('is served at "%s"', async (path) => {
    const at = clientAt(path);
    const answer = await at.chat.complete({ model: MODEL, messages });
    expect(answer.choices[0]?.message?.content).toBe(EXPECTED_TEXT);
    expect((await gather(await at.chat.stream({ model: MODEL, messages }))).text).toBe(EXPECTED_TEXT);
    expect((await at.files.list()).object).toBe('list');
  });

  it('lists the routes and the models of both vendors, in the form it insists on', async () => {
    const { data = [] } = await client.models.list();
    const ids = data.map((card) => ('id' in card ? card.id : undefined));
    expect(ids).toEqual(expect.arrayContaining([MODEL, SECONDARY_MODEL, 'mistral-large-latest', 'gpt-5-mini']));
  });

  it('reads the card of one model', async () => {
    expect(await client.models.retrieve({ modelId: 'mistral-large-latest' })).toMatchObject({
      id: 'mistral-large-latest',
    });
  });
});

interface Gathered {
  text: string;
  calls: ToolCall[];
  finishReasons: string[];
  usages: UsageInfo[];
  chunksWithoutChoices: number;
  usageCameLast: boolean;
}

async function gather(stream: AsyncIterable<CompletionEvent>): Promise<Gathered> {
  const gathered: Gathered = {
    text: '',
    calls: [],
    finishReasons: [],
    usages: [],
    chunksWithoutChoices: 0,
    usageCameLast: false,
  };
  for await (const { data } of stream) {
    gathered.usageCameLast = data.usage !== undefined;
    if (data.usage !== undefined) gathered.usages.push(data.usage);
    if (data.choices.length === 0) gathered.chunksWithoutChoices++;
    for (const { delta, finishReason } of data.choices) {
      gathered.text += textOf(delta.content);
      gathered.calls.push(...(delta.toolCalls ?? []));
      if (finishReason !== null) gathered.finishReasons.push(finishReason);
    }
  }
  return gathered;
}

type Content = AssistantMessage['content'];

function textOf(content: Content): string {
  if (!Array.isArray(content)) return content ?? '';
  return content.map((chunk) => (chunk.type === 'text' ? chunk.text : '')).join('');
}

function thinkingOf(content: Content): string {
  if (!Array.isArray(content)) return '';
  return content
    .flatMap((chunk) => (chunk.type === 'thinking' ? chunk.thinking : []))
    .map((piece) => ('text' in piece ? piece.text : ''))
    .join('');
}

function namedCalls(calls: readonly ToolCall[] | null | undefined) {
  return (calls ?? []).map(({ id = '', function: called }) => ({
    id,
    name: called.name,
    arguments: typeof called.arguments === 'string' ? called.arguments : JSON.stringify(called.arguments),
  }));
}

function assistantMessage(message: AssistantMessage | undefined): AssistantMessage & { role: 'assistant' } {
  if (message === undefined) throw new Error('the answer has no message');
  return { ...message, role: 'assistant' };
}
