/** The `openai` package, through the gateway to Mistral and to the secondary: what it is told when all is well. */
import { embed } from '@leeward/mistral-sim';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { RunnableToolFunctionWithoutParse } from 'openai/lib/RunnableFunction';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
let client: OpenAI;
beforeAll(async () => {
  world = await startWorld();
  client = clientAt('/v1');
});
afterAll(() => world.stop());

function clientAt(path: string): OpenAI {
  return new OpenAI({ baseURL: world.url + path, apiKey: world.clientKey, maxRetries: 0 });
}

const messages = [{ role: 'user', content: QUESTION }] as const;
const toolMessages = [{ role: 'user', content: TOOL_QUESTION }] as const;

/** Retired by OpenAI, and still sent by much of what calls it. */
const RETIRED_USER = { user: 'mate-1' };
const RETIRED_MAX_TOKENS = { max_tokens: 6 };

interface Gathered {
  text: string;
  finishReasons: string[];
  usages: OpenAI.CompletionUsage[];
  chunksAfterUsage: number;
}

async function gather(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<Gathered> {
  const gathered: Gathered = { text: '', finishReasons: [], usages: [], chunksAfterUsage: 0 };
  for await (const { choices, usage } of stream) {
    if (gathered.usages.length > 0) gathered.chunksAfterUsage++;
    if (usage) gathered.usages.push(usage);
    for (const { delta, finish_reason: reason } of choices) {
      gathered.text += delta.content ?? '';
      if (reason !== null) gathered.finishReasons.push(reason);
    }
  }
  return gathered;
}

describe.each([
  ['Mistral', MODEL],
  ['the secondary', SECONDARY_MODEL],
])('an OpenAI client served by %s', (_vendor, model) => {
  it('gets the whole answer', async () => {
    const answer = await client.chat.completions.create({ model, messages: [...messages] });
    expect(answer.object).toBe('chat.completion');
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop' });
    expect(answer.choices[0]?.message).toMatchObject({ role: 'assistant', content: EXPECTED_TEXT });
    const { usage } = answer;
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  it('gets exactly the same text when it streams', async () => {
    const stream = await client.chat.completions.create({ model, messages: [...messages], stream: true });
    const { text, finishReasons, usages } = await gather(stream);
    expect(text).toBe(EXPECTED_TEXT);
    expect(finishReasons).toEqual(['stop']);
    // It did not ask for usage; many clients read choices[0] of every chunk.
    expect(usages).toEqual([]);
  });

  it('gets the usage once, in a chunk of its own at the end, when it asks for it', async () => {
    const whole = await client.chat.completions.create({ model, messages: [...messages] });
    const stream = await client.chat.completions.create({
      model,
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
    });
    const { text, usages, chunksAfterUsage } = await gather(stream);
    expect(text).toBe(EXPECTED_TEXT);
    expect(usages).toHaveLength(1);
    expect(usages[0]).toMatchObject({
      prompt_tokens: whole.usage?.prompt_tokens,
      completion_tokens: whole.usage?.completion_tokens,
      total_tokens: whole.usage?.total_tokens,
    });
    expect(chunksAfterUsage).toBe(0);
  });

  it('gets parallel tool calls, whole', async () => {
    const answer = await client.chat.completions.create({ model, messages: [...toolMessages], tools: [...TOOLS] });
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message.content).toBeNull();
    const calls = functionCalls(choice?.message.tool_calls);
    expect(namesAndArguments(calls)).toEqual(namesAndArguments(expectedCalls()));
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
  });

  it('puts streamed tool calls together with its own helper', async () => {
    const helper = client.chat.completions.stream({ model, messages: [...toolMessages], tools: [...TOOLS] });
    const answer = await helper.finalChatCompletion();
    const [choice] = answer.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(namesAndArguments(functionCalls(choice?.message.tool_calls))).toEqual(namesAndArguments(expectedCalls()));
  });

  it('gets one call when it forbids parallel ones', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: [...toolMessages],
      tools: [...TOOLS],
      parallel_tool_calls: false,
    });
    expect(answer.choices[0]?.message.tool_calls).toHaveLength(1);
  });

  it.each(['get_weather', 'get_tide'])('gets a call of %s and no other when it forces that by name', async (name) => {
    const choice = { type: 'function', function: { name } } as const;
    const asked = { model, messages: [...messages], tools: [...TOOLS], tool_choice: choice };
    const whole = await client.chat.completions.create(asked);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    for (const answer of [whole, streamed]) {
      const calls = functionCalls(answer.choices[0]?.message.tool_calls);
      expect(calls.map((call) => call.name)).toEqual([name]);
    }
  });

  it('gets some call when it requires any', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: [...messages],
      tools: [...TOOLS],
      tool_choice: 'required',
    });
    expect(answer.choices[0]?.message.tool_calls).toHaveLength(1);
  });

  it('sends the results of tools back, by the ids it was given', async () => {
    const first = await client.chat.completions.create({ model, messages: [...toolMessages], tools: [...TOOLS] });
    const message = first.choices[0]?.message;
    if (message === undefined) throw new Error('no message');
    const conversation: OpenAI.ChatCompletionMessageParam[] = [
      ...toolMessages,
      message,
      ...functionCalls(message.tool_calls).map(({ id, name }) => ({
        role: 'tool' as const,
        tool_call_id: id,
        content: `${name}: fine`,
      })),
    ];
    const second = await client.chat.completions.create({ model, messages: conversation, tools: [...TOOLS] });
    expect(second.choices[0]?.finish_reason).toBe('stop');
    expect(second.choices[0]?.message.content).toBe(expectedText({ messages: conversation }));
  });

  it('gets JSON that follows its schema', async () => {
    const format = { type: 'json_schema', json_schema: { name: 'berth', schema: BERTH_SCHEMA, strict: true } } as const;
    const asked = { model, messages: [...messages], response_format: format };
    const answer = await client.chat.completions.create(asked);
    expect(answer.choices[0]?.message.content).toBe(expectedText({ response_format: format }));
    const berth: unknown = JSON.parse(answer.choices[0]?.message.content ?? '');
    expect(berth).toEqual({ name: expect.any(String), length: expect.any(Number), free: expect.any(Boolean) });
    const stream = await client.chat.completions.create({ ...asked, stream: true });
    expect((await gather(stream)).text).toBe(answer.choices[0]?.message.content);
  });

  it('parses an object by its schema with its own helper', async () => {
    const schema = z.object({ name: z.string(), length: z.int().min(5).max(60), free: z.boolean() });
    const format = zodResponseFormat(schema, 'berth');
    const answer = await client.chat.completions.parse({ model, messages: [...messages], response_format: format });
    const parsed: unknown = answer.choices[0]?.message.parsed;
    expect(schema.parse(parsed)).toEqual(parsed);
  });

  it('runs its tools in its own loop to the answer', async () => {
    const tools = TOOLS.map(
      ({ function: { name, description, parameters } }): RunnableToolFunctionWithoutParse => ({
        type: 'function',
        function: {
          name,
          description,
          parameters: { ...parameters, required: [...parameters.required] },
          function: () => 'fine',
        },
      }),
    );
    const loop = client.chat.completions.runTools({ model, messages: [...toolMessages], tools, stream: true });
    const said = [
      { role: 'user', content: TOOL_QUESTION },
      { role: 'tool', content: 'fine' },
      { role: 'tool', content: 'fine' },
    ];
    expect(await loop.finalContent()).toBe(expectedText({ messages: said }));
  });

  it('has its images read', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: QUESTION },
            { type: 'image_url', image_url: { url: IMAGE_URL, detail: 'low' } },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.message.content).toBe(EXPECTED_TEXT);
    // The simulator's price of a picture of low detail; without it the prompt has about twenty tokens.
    expect(answer.usage?.prompt_tokens).toBeGreaterThan(85);
  });

  it('gets as many choices as it asks for, whole and streamed', async () => {
    const asked = { model, messages: [...messages], n: 3 };
    const whole = await client.chat.completions.create(asked);
    const texts = whole.choices.map((choice) => choice.message.content);
    expect(new Set(texts).size).toBe(3);
    expect(texts[0]).toBe(EXPECTED_TEXT);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    expect(streamed.choices.map((choice) => choice.message.content)).toEqual(texts);
  });

  it.each(['max_tokens', 'max_completion_tokens'] as const)('is cut short where %s says', async (field) => {
    const answer = await client.chat.completions.create({ model, messages: [...messages], [field]: 6 });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.choices[0]?.message.content).toBe(expectedText({ max_tokens: 6 }));
    expect(answer.usage?.completion_tokens).toBe(6);
  });

  it('stops before a stop sequence', async () => {
    const stop = EXPECTED_TEXT.slice(30, 36);
    const answer = await client.chat.completions.create({ model, messages: [...messages], stop: [stop] });
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.choices[0]?.message.content).toBe(expectedText({ stop }));
  });

  it('may send everything that only OpenAI knows', async () => {
    const answer = await client.chat.completions.create({
      model,
      messages: [
        { role: 'developer', content: 'Be brief.', name: 'harbour_master' },
        { role: 'user', content: QUESTION, name: 'mate' },
      ],
      seed: 7,
      store: false,
      ...RETIRED_USER,
      metadata: { ship: 'Leeward' },
      service_tier: 'default',
      logit_bias: {},
      presence_penalty: 0.5,
    });
    expect(answer.choices[0]?.message.content).toBe(
      expectedText({
        messages: [
          { role: 'developer', content: 'Be brief.' },
          { role: 'user', content: QUESTION },
        ],
      }),
    );
  });

  it('gets the same answer for the same seed', async () => {
    const asked = { model, messages: [...messages], seed: 42, temperature: 0.9 };
    const [first, second] = [await client.chat.completions.create(asked), await client.chat.completions.create(asked)];
    expect(first.choices[0]?.message.content).toBe(second.choices[0]?.message.content);
  });

  it('sees who answered in the headers, whole and streamed', async () => {
    const whole = await client.chat.completions
      .create({ model, messages: [...messages] }, { headers: { 'x-request-id': 'mate-17' } })
      .withResponse();
    const streamed = await client.chat.completions
      .create({ model, messages: [...messages], stream: true }, { headers: { 'x-request-id': 'mate-17' } })
      .withResponse();
    await gather(streamed.data);
    for (const { response, request_id: requestId } of [whole, streamed]) {
      expect(requestId).toBe('mate-17');
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-request-id': 'mate-17',
        'x-leeward-provider': model === MODEL ? 'mistral' : 'secondary',
        'x-leeward-key': expect.stringMatching(/^(a|b|c|main)$/),
        'x-leeward-model': model === MODEL ? MODEL : 'gpt-4.1',
        'x-leeward-attempts': '1',
        'x-leeward-fallback': '0',
      });
      expect(response.headers.get('set-cookie')).toBeNull();
    }
  });
});

describe('an OpenAI client and reasoning', () => {
  it.each([
    ['a model that always reasons', REASONING_MODEL, {}],
    ['a model that reasons when asked', MODEL, { reasoning_effort: 'high' }],
  ] as const)('reads %s without an object in the text', async (_what, model, fields) => {
    const asked = { model, messages: [...messages], ...fields };
    const whole = await client.chat.completions.create(asked);
    expect(whole.choices[0]?.message.content).toBe(EXPECTED_TEXT);
    expect(whole.choices[0]?.message).toHaveProperty('reasoning_content', expect.stringMatching(/\w/));
    const stream = await client.chat.completions.create({ ...asked, stream: true });
    let thinking = '';
    let text = '';
    for await (const { choices } of stream) {
      const delta = choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined;
      expect(['string', 'undefined']).toContain(typeof delta?.content);
      text += delta?.content ?? '';
      thinking += delta?.reasoning_content ?? '';
    }
    expect(text).toBe(EXPECTED_TEXT);
    expect(whole.choices[0]?.message).toHaveProperty('reasoning_content', thinking);
  });

  it('is understood by a secondary that takes max_completion_tokens only', async () => {
    const answer = await client.chat.completions.create({
      model: SECONDARY_REASONING_MODEL,
      messages: [...messages],
      reasoning_effort: 'low',
      ...RETIRED_MAX_TOKENS,
    });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.choices[0]?.message.content).toBe(expectedText({ max_tokens: 6 }));
  });
});

describe('an OpenAI client and embeddings', () => {
  it.each([
    ['Mistral', 'mistral-embed', 1024],
    ['the secondary', SECONDARY_EMBEDDING_MODEL, 1536],
  ])('reads the vectors of %s, which it asks for in base64', async (_vendor, model, dimension) => {
    const one = await client.embeddings.create({ model, input: 'a rope' });
    const batch = await client.embeddings.create({ model, input: ['a rope', 'a sail', 'ein Knäuel 港'] });
    const floats = await client.embeddings.create({ model, input: ['a sail'], encoding_format: 'float' });
    expectVector(one.data[0]?.embedding, 'a rope', dimension);
    expectVector(floats.data[0]?.embedding, 'a sail', dimension);
    expect(batch.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const [at, text] of ['a rope', 'a sail', 'ein Knäuel 港'].entries()) {
      expectVector(batch.data[at]?.embedding, text, dimension);
    }
    expect(batch.usage.prompt_tokens).toBeGreaterThan(one.usage.prompt_tokens);
  });

  it('gets the dimensions it asks for', async () => {
    for (const model of ['codestral-embed', SECONDARY_EMBEDDING_MODEL]) {
      const { data } = await client.embeddings.create({ model, input: 'a rope', dimensions: 256 });
      expectVector(data[0]?.embedding, 'a rope', 256);
    }
  });
});

describe('an OpenAI client that moves between vendors', () => {
  it.each([
    [
      'from the secondary to a Mistral model that takes ids of nine characters only',
      SECONDARY_MODEL,
      'open-mistral-nemo',
    ],
    ['from Mistral to the secondary', MODEL, SECONDARY_MODEL],
  ])('takes its tool calls along %s', async (_way, from, to) => {
    const first = await client.chat.completions.create({ model: from, messages: [...toolMessages], tools: [...TOOLS] });
    const message = first.choices[0]?.message;
    if (message === undefined) throw new Error('no message');
    const results = functionCalls(message.tool_calls).map(({ id, name }) => ({
      role: 'tool' as const,
      tool_call_id: id,
      content: `${name}: fine`,
    }));
    const conversation = [...toolMessages, message, ...results];
    const second = await client.chat.completions.create({ model: to, messages: conversation, tools: [...TOOLS] });
    expect(second.choices[0]?.message.content).toBe(expectedText({ messages: conversation }));
  });
});

describe('many OpenAI clients at once', () => {
  it('each read their own stream to its end', async () => {
    const asked = Array.from({ length: 60 }, (_, at) => [
      { role: 'user' as const, content: `Berth ${at}? [words=80]` },
    ]);
    const texts = await Promise.all(
      asked.map(async (messages, at) => {
        const model = at % 3 === 0 ? SECONDARY_MODEL : MODEL;
        return (await gather(await client.chat.completions.create({ model, messages, stream: true }))).text;
      }),
    );
    expect(texts).toEqual(asked.map((messages) => expectedText({ messages })));
  });
});

describe('an OpenAI client and its base URL', () => {
  it.each(['/v1', '/openai/v1', '/v1/v1', '/openai/v1/v1', '/mistral/v1'])('is served at %s', async (path) => {
    const at = clientAt(path);
    const answer = await at.chat.completions.create({ model: MODEL, messages: [...messages] });
    expect(answer.choices[0]?.message.content).toBe(EXPECTED_TEXT);
    const stream = await at.chat.completions.create({ model: MODEL, messages: [...messages], stream: true });
    expect((await gather(stream)).text).toBe(EXPECTED_TEXT);
  });

  it('lists the routes and the models of both vendors', async () => {
    const models = await client.models.list();
    const ids = models.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([MODEL, SECONDARY_MODEL, 'mistral-large-latest', 'gpt-5-mini']));
    expect(new Set(ids).size).toBe(ids.length);
    expect(models.data.every(({ object, created }) => object === 'model' && typeof created === 'number')).toBe(true);
  });

  it('reads the card of one model', async () => {
    expect(await client.models.retrieve('mistral-large-latest')).toMatchObject({ id: 'mistral-large-latest' });
  });

  it('pins a provider by its name before the model', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: `secondary/${MODEL}`, messages: [...messages] })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe(EXPECTED_TEXT);
    expect(response.headers.get('x-leeward-provider')).toBe('secondary');
  });
});

function functionCalls(calls: readonly OpenAI.ChatCompletionMessageToolCall[] | undefined) {
  return (calls ?? []).flatMap((call) =>
    call.type === 'function' ? [{ id: call.id, name: call.function.name, arguments: call.function.arguments }] : [],
  );
}

/** Base64 carries floats of four bytes, so six digits hold and no more. */
function expectVector(vector: readonly number[] | undefined, text: string, dimension: number): void {
  expect(vector).toHaveLength(dimension);
  const expected = embed(text, dimension);
  const furthest = Math.max(...expected.map((value, at) => Math.abs(value - (vector?.[at] ?? Number.NaN))));
  expect(furthest).toBeLessThan(1e-6);
}
