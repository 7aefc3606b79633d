/** What LangChain is told, by either of its packages: the chat model's interface is the same, the dialect is not. */
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { type AIMessageChunk, HumanMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages';
import { embed } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MODEL, SECONDARY_EMBEDDING_MODEL, SECONDARY_MODEL, startWorld, type World } from '../world/world.ts';
import {
  EXPECTED_TEXT,
  expectedCalls,
  expectedText,
  failureOf,
  IMAGE_URL,
  NO_SUCH_MODEL,
  QUESTION,
  TOOL_QUESTION,
  TOOLS,
} from './cases.ts';
import { BREAKS, countsOf, expectAborted, OUTAGES, quotaFault, SILENCE, SLOW } from './faults.ts';

export interface ChatOptions {
  readonly model: string;
  readonly apiKey?: string;
  readonly maxRetries?: number;
  readonly maxTokens?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LangchainCase {
  readonly name: string;
  readonly chat: (world: World, options: ChatOptions) => BaseChatModel;
  readonly embeddings: (world: World, model: string) => EmbeddingsInterface;
  /** The status in the errors it throws. */
  readonly statusOf: (error: unknown) => unknown;
  /** What it makes of a stream that broke: it throws, or it only says so in the finish reason. */
  readonly throwsWhenBroken: boolean;
}

const question = [new HumanMessage(QUESTION)];
const toolQuestion = [new HumanMessage(TOOL_QUESTION)];
const EXPECTED_ARGS = expectedCalls().map((call) => ({ name: call.name, args: JSON.parse(call.arguments) }));

export function describeLangchain({ name, chat, embeddings, statusOf, throwsWhenBroken }: LangchainCase): void {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => world.simulator.faults.clear());
  afterAll(() => world.stop());

  const client = (model: string, options: Omit<ChatOptions, 'model'> = {}) =>
    chat(world, { model, maxRetries: 0, ...options });
  const withTools = (model: string, kwargs: object = {}) => {
    const bound = client(model).bindTools?.([...TOOLS], kwargs);
    if (bound === undefined) throw new Error('this model takes no tools');
    return bound;
  };

  describe.each([
    ['Mistral', MODEL],
    ['the secondary', SECONDARY_MODEL],
  ])(`${name} served by %s`, (_vendor, model) => {
    it('gets the whole answer', async () => {
      const answer = await client(model).invoke(question);
      expect(answer.text).toBe(EXPECTED_TEXT);
      expect(finishOf(answer)).toBe('stop');
    });

    it('gets exactly the same text, and the usage once, when it streams', async () => {
      const whole = await client(model).invoke(question);
      const { text, usages } = await gather(await client(model).stream(question));
      expect(text).toBe(EXPECTED_TEXT);
      expect(usages).toHaveLength(1);
      expect(usages[0]).toMatchObject(tokensOf(whole));
    });

    it('gets parallel tool calls, whole and streamed', async () => {
      const answer = await withTools(model).invoke(toolQuestion);
      expect(answer.tool_calls).toMatchObject(EXPECTED_ARGS);
      const { message } = await gather(await withTools(model).stream(toolQuestion));
      expect(message?.tool_calls).toMatchObject(EXPECTED_ARGS);
      expect(message?.invalid_tool_calls ?? []).toEqual([]);
    });

    it.each(['get_weather', 'get_tide'])('gets a call of %s when it forces that by name', async (toolName) => {
      const forced = { tool_choice: { type: 'function', function: { name: toolName } } };
      const whole = await withTools(model, forced).invoke(question);
      const { message } = await gather(await withTools(model, forced).stream(question));
      expect(whole.tool_calls?.map((call) => call.name)).toEqual([toolName]);
      expect(message?.tool_calls?.map((call) => call.name)).toEqual([toolName]);
    });

    it('sends the results of tools back, by the ids it was given', async () => {
      const asked = withTools(model);
      const first = await asked.invoke(toolQuestion);
      const results = (first.tool_calls ?? []).map(
        (call) => new ToolMessage({ tool_call_id: call.id ?? '', name: call.name, content: `${call.name}: fine` }),
      );
      const second = await asked.invoke([...toolQuestion, first, ...results]);
      const conversation = [
        { role: 'user', content: TOOL_QUESTION },
        ...results.map(({ text }) => ({ role: 'tool', content: text })),
      ];
      expect(second.text).toBe(expectedText({ messages: conversation }));
    });

    it('gets an object that follows its schema', async () => {
      const schema = z.object({ name: z.string(), length: z.int().min(5).max(60), free: z.boolean() });
      const berth: unknown = await client(model).withStructuredOutput(schema).invoke(question);
      expect(schema.parse(berth)).toEqual(berth);
    });

    it('has its images read', async () => {
      const content = [
        { type: 'text', text: QUESTION },
        { type: 'image_url', image_url: { url: IMAGE_URL } },
      ];
      const answer = await client(model).invoke([new HumanMessage({ content })]);
      expect(answer.text).toBe(EXPECTED_TEXT);
    });

    it('is cut short where maxTokens says', async () => {
      const short = await client(model, { maxTokens: 6 }).invoke(question);
      expect(short.text).toBe(expectedText({ max_tokens: 6 }));
      expect(finishOf(short)).toBe('length');
    });

    it('gets the same answer for the same seed', async () => {
      const seeded = client(model, { seed: 42 });
      expect((await seeded.invoke(question)).text).toBe((await seeded.invoke(question)).text);
    });
  });

  describe(`${name} and embeddings`, () => {
    it.each([
      ['Mistral', 'mistral-embed', 1024],
      ['the secondary', SECONDARY_EMBEDDING_MODEL, 1536],
    ])('reads the vectors of %s', async (_vendor, model, dimension) => {
      const texts = ['a rope', 'a sail', 'ein Knäuel 港'];
      const reader = embeddings(world, model);
      for (const [at, vector] of (await reader.embedDocuments(texts)).entries()) {
        expectVector(vector, texts[at] ?? '', dimension);
      }
      expectVector(await reader.embedQuery('a rope'), 'a rope', dimension);
    });
  });

  describe(`${name} does not notice that Mistral`, () => {
    it.each(OUTAGES)('%s', async (_name, effect) => {
      const model = world.takeRoute('safe');
      world.strike(model, { effect });
      expect((await client(model).invoke(question)).text).toBe(EXPECTED_TEXT);
      expect((await gather(await client(model).stream(question))).text).toBe(EXPECTED_TEXT);
      const { message } = await gather(await withTools(model).stream(toolQuestion));
      expect(message?.tool_calls).toMatchObject(EXPECTED_ARGS);
    });
  });

  describe(`${name} and a stream that`, () => {
    it.each(BREAKS)('%s reads on to the exact end', async (_name, effect) => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect, times: 1 });
      expect((await gather(await client(model).stream(question))).text).toBe(EXPECTED_TEXT);
      expect(countsOf(world.simulator.state(), model).seen).toBe(2);
    });

    it.each(BREAKS)('%s for good is not taken for a whole one', async (_name, effect) => {
      const model = world.takeRoute('brittle');
      world.strike(model, { effect });
      const { text, finish, error } = await gather(await client(model).stream(question));
      expect(text).not.toBe('');
      expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
      if (throwsWhenBroken) expect(error).toHaveProperty('message', expect.stringMatching(/broke off/));
      else expect(finish).toBe('error');
    });
  });

  describe(`${name} is told`, () => {
    const failing = (model: string, options: Omit<ChatOptions, 'model'> = {}) =>
      failureOf(client(model, options).invoke(question));

    it('401 when its own key is wrong', async () => {
      expect(statusOf(await failing(MODEL, { apiKey: 'another-key' }))).toBe(401);
    });

    it('400 when no vendor has the model, without trying again', async () => {
      const before = world.simulator.state().total.seen;
      const error = await failing(NO_SUCH_MODEL, { maxRetries: 6 });
      expect(statusOf(error)).toBe(400);
      expect(error).toHaveProperty('message', expect.stringMatching(/Invalid model/));
      expect(world.simulator.state().total.seen).toBe(before + 1);
    });

    it('422 when Mistral finds a field out of its bounds, and 400 when the secondary does', async () => {
      expect(statusOf(await failing(MODEL, { topP: 7 }))).toBe(422);
      expect(statusOf(await failing(SECONDARY_MODEL, { topP: 7 }))).toBe(400);
    });

    it('502 when every attempt failed', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: { kind: 'error', error: '500/1000' } });
      expect(statusOf(await failing(model))).toBe(502);
    });

    it('503 when there is no capacity', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: { kind: 'error', error: '429/3505' } });
      expect(statusOf(await failing(model))).toBe(503);
    });

    it('504 at its deadline', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: SILENCE });
      expect(statusOf(await failing(model, { headers: { 'x-leeward-deadline-ms': '100' } }))).toBe(504);
    });

    it('429 when all workspaces are out of quota', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: quotaFault() });
      expect(statusOf(await failing(model))).toBe(429);
    });

    it('when to come again, and then succeeds by itself', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: quotaFault(1), times: 3 });
      const answer = await client(model, { maxRetries: 1 }).invoke(question);
      expect(answer.text).toBe(EXPECTED_TEXT);
      expect(countsOf(world.simulator.state(), model).seen).toBe(4);
    });
  });

  describe(`${name} that leaves`, () => {
    it('ends the generation of its stream', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: SLOW });
      for await (const chunk of await client(model).stream(question)) {
        if (chunk.text !== '') break;
      }
      await expectAborted(world.simulator, model);
    });
  });
}

interface Gathered {
  text: string;
  message: AIMessageChunk | undefined;
  usages: object[];
  finish: unknown;
  error: unknown;
}

async function gather(stream: AsyncIterable<AIMessageChunk>): Promise<Gathered> {
  const gathered: Gathered = { text: '', message: undefined, usages: [], finish: undefined, error: undefined };
  try {
    for await (const chunk of stream) {
      gathered.text += chunk.text;
      gathered.message = gathered.message?.concat(chunk) ?? chunk;
      if (chunk.usage_metadata !== undefined) gathered.usages.push(chunk.usage_metadata);
      gathered.finish = finishOf(chunk) ?? gathered.finish;
    }
  } catch (error) {
    gathered.error = error;
  }
  return gathered;
}

/** Each package has its own name for it. */
function finishOf({ response_metadata: metadata }: AIMessageChunk): unknown {
  return metadata['finish_reason'] ?? metadata['finishReason'];
}

function tokensOf({ usage_metadata: usage }: { readonly usage_metadata?: UsageMetadata | undefined }): object {
  return { input_tokens: usage?.input_tokens, output_tokens: usage?.output_tokens, total_tokens: usage?.total_tokens };
}

/** Base64 carries floats of four bytes, so six digits hold and no more. */
function expectVector(vector: readonly number[], text: string, dimension: number): void {
  expect(vector).toHaveLength(dimension);
  const furthest = Math.max(...embed(text, dimension).map((value, at) => Math.abs(value - (vector[at] ?? Number.NaN))));
  expect(furthest).toBeLessThan(1e-6);
}
