/** What the Vercel AI SDK is told, by either of its providers: `ai` is the same client, only its dialect differs. */
import { embed as expectedVector } from '@leeward/mistral-sim';
import {
  APICallError,
  type EmbeddingModel,
  embed,
  embedMany,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  Output,
  RetryError,
  streamText,
  tool,
} from 'ai';
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
  TIDE_TOOL,
  TOOL_QUESTION,
  WEATHER_TOOL,
} from './cases.ts';
import { BREAKS, countsOf, expectAborted, OUTAGES, quotaFault, SILENCE, SLOW } from './faults.ts';

export interface AiProvider {
  chat(model: string): LanguageModel;
  embedding(model: string): EmbeddingModel;
}

export interface AiCase {
  readonly name: string;
  readonly connect: (at: { baseURL: string; apiKey: string }) => AiProvider;
  /** What this provider makes of a stream that broke. */
  readonly brokenFinish: 'error' | 'other';
}

const tools = {
  get_weather: tool({
    description: WEATHER_TOOL.function.description,
    inputSchema: jsonSchema<{ city: string; days: number }>({
      ...WEATHER_TOOL.function.parameters,
      required: ['city', 'days'],
    }),
    execute: () => 'get_weather: fine',
  }),
  get_tide: tool({
    description: TIDE_TOOL.function.description,
    inputSchema: jsonSchema<{ harbour: string; metric: boolean }>({
      ...TIDE_TOOL.function.parameters,
      required: ['harbour', 'metric'],
    }),
    execute: () => 'get_tide: fine',
  }),
};

const EXPECTED_INPUTS = expectedCalls().map((call) => ({ toolName: call.name, input: JSON.parse(call.arguments) }));

export function describeAiSdk({ name, connect, brokenFinish }: AiCase): void {
  let world: World;
  let provider: AiProvider;
  beforeAll(async () => {
    world = await startWorld();
    provider = connect({ baseURL: `${world.url}/v1`, apiKey: world.clientKey });
  });
  afterEach(() => world.simulator.faults.clear());
  afterAll(() => world.stop());

  const ask = (model: string) => ({ model: provider.chat(model), prompt: QUESTION, maxRetries: 0 });
  const askForTools = (model: string) => ({ model: provider.chat(model), prompt: TOOL_QUESTION, maxRetries: 0, tools });
  /** A stream's error is read from its parts; the default prints it. */
  const quietly = { onError: () => undefined };

  describe.each([
    ['Mistral', MODEL],
    ['the secondary', SECONDARY_MODEL],
  ])(`${name} served by %s`, (_vendor, model) => {
    it('gets the whole answer', async () => {
      const answer = await generateText(ask(model));
      expect(answer.text).toBe(EXPECTED_TEXT);
      expect(answer.finishReason).toBe('stop');
      expect(answer.usage.outputTokens).toBeGreaterThan(0);
      expect(answer.usage.totalTokens).toBe((answer.usage.inputTokens ?? 0) + (answer.usage.outputTokens ?? 0));
    });

    it('gets exactly the same text and usage when it streams', async () => {
      const { usage } = await generateText(ask(model));
      const answer = streamText(ask(model));
      expect(await textOf(answer.textStream)).toBe(EXPECTED_TEXT);
      expect(await answer.finishReason).toBe('stop');
      expect(await answer.usage).toMatchObject({ inputTokens: usage.inputTokens, outputTokens: usage.outputTokens });
    });

    it('gets parallel tool calls, whole and streamed', async () => {
      const answer = await generateText(askForTools(model));
      expect(answer.finishReason).toBe('tool-calls');
      expect(answer.toolCalls).toMatchObject(EXPECTED_INPUTS);
      const streamed = streamText(askForTools(model));
      expect(await streamed.toolCalls).toMatchObject(EXPECTED_INPUTS);
      expect(await streamed.finishReason).toBe('tool-calls');
    });

    it.each(['get_weather', 'get_tide'] as const)('gets a call of %s when it forces that by name', async (toolName) => {
      const forced = { ...askForTools(model), prompt: QUESTION, toolChoice: { type: 'tool', toolName } } as const;
      expect((await generateText(forced)).toolCalls.map((call) => call.toolName)).toEqual([toolName]);
      expect((await streamText(forced).toolCalls).map((call) => call.toolName)).toEqual([toolName]);
    });

    it('sends the results of tools back and reads the answer to them', async () => {
      const conversation = [
        { role: 'user', content: TOOL_QUESTION },
        ...expectedCalls().map((call) => ({ role: 'tool', content: `${call.name}: fine` })),
      ];
      const answer = await generateText({ ...askForTools(model), stopWhen: isStepCount(2) });
      expect(answer.steps).toHaveLength(2);
      expect(answer.text).toBe(expectedText({ messages: conversation }));
      const streamed = streamText({ ...askForTools(model), stopWhen: isStepCount(2) });
      expect(await textOf(streamed.textStream)).toBe(answer.text);
    });

    it('gets an object that follows its schema', async () => {
      const schema = z.object({ name: z.string(), length: z.int().min(5).max(60), free: z.boolean() });
      const asked = { ...ask(model), output: Output.object({ schema }) };
      const { output } = await generateText(asked);
      expect(schema.parse(output)).toEqual(output);
      expect(await streamText(asked).output).toEqual(output);
    });

    it('has its images read', async () => {
      const content = [
        { type: 'text' as const, text: QUESTION },
        { type: 'file' as const, mediaType: 'image/png', data: IMAGE_URL.slice(IMAGE_URL.indexOf(',') + 1) },
      ];
      const answer = await generateText({
        model: provider.chat(model),
        messages: [{ role: 'user', content }],
        maxRetries: 0,
      });
      expect(answer.text).toBe(EXPECTED_TEXT);
      expect(answer.usage.inputTokens).toBeGreaterThan(1024);
    });

    it('is cut short where maxOutputTokens says, and stops before a stop sequence', async () => {
      const short = await generateText({ ...ask(model), maxOutputTokens: 6 });
      expect(short.finishReason).toBe('length');
      expect(short.text).toBe(expectedText({ max_tokens: 6 }));
      const stop = EXPECTED_TEXT.slice(30, 36);
      const stopped = await generateText({ ...ask(model), stopSequences: [stop] });
      expect(stopped.finishReason).toBe('stop');
      expect(stopped.text).toBe(expectedText({ stop }));
    });

    it('gets the same answer for the same seed', async () => {
      const asked = { ...ask(model), seed: 42, temperature: 0.9 };
      expect((await generateText(asked)).text).toBe((await generateText(asked)).text);
    });

    it('sees who answered in the headers, whole and streamed', async () => {
      const asked = { ...ask(model), headers: { 'x-request-id': 'mate-17' } };
      const streamed = streamText(asked);
      await textOf(streamed.textStream);
      for (const { headers } of [(await generateText(asked)).response, await streamed.response]) {
        expect(headers).toMatchObject({
          'x-request-id': 'mate-17',
          'x-leeward-provider': model === MODEL ? 'mistral' : 'secondary',
          'x-leeward-attempts': '1',
          'x-leeward-fallback': '0',
        });
      }
    });
  });

  describe(`${name} and embeddings`, () => {
    it.each([
      ['Mistral', 'mistral-embed', 1024],
      ['the secondary', SECONDARY_EMBEDDING_MODEL, 1536],
    ])('reads the vectors of %s', async (_vendor, model, dimension) => {
      const one = await embed({ model: provider.embedding(model), value: 'a rope', maxRetries: 0 });
      expect(one.embedding).toEqual(expectedVector('a rope', dimension));
      const values = ['a rope', 'a sail', 'ein Knäuel 港'];
      const batch = await embedMany({ model: provider.embedding(model), values, maxRetries: 0 });
      expect(batch.embeddings).toEqual(values.map((value) => expectedVector(value, dimension)));
    });
  });

  describe(`${name} does not notice that Mistral`, () => {
    it.each(OUTAGES)('%s', async (_name, effect) => {
      const model = world.takeRoute('safe');
      world.strike(model, { effect });
      const answer = await generateText(ask(model));
      expect(answer.text).toBe(EXPECTED_TEXT);
      expect(answer.response.headers).toMatchObject({ 'x-leeward-provider': 'secondary', 'x-leeward-fallback': '1' });
      expect(await textOf(streamText(ask(model)).textStream)).toBe(EXPECTED_TEXT);
      expect(await streamText(askForTools(model)).toolCalls).toMatchObject(EXPECTED_INPUTS);
    });
  });

  describe(`${name} and a stream that`, () => {
    it.each(BREAKS)('%s reads on to the exact end', async (_name, effect) => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect, times: 1 });
      const answer = streamText(ask(model));
      expect(await textOf(answer.textStream)).toBe(EXPECTED_TEXT);
      expect(await answer.finishReason).toBe('stop');
      expect(countsOf(world.simulator.state(), model).seen).toBe(2);
    });

    it.each(BREAKS)('%s for good is not taken for a whole one', async (_name, effect) => {
      const model = world.takeRoute('brittle');
      world.strike(model, { effect });
      const answer = streamText({ ...ask(model), ...quietly });
      const text = await textOf(answer.textStream);
      expect(text).not.toBe('');
      expect(EXPECTED_TEXT.startsWith(text)).toBe(true);
      expect(await answer.finishReason).toBe(brokenFinish);
    });
  });

  describe(`${name} is told, as an APICallError,`, () => {
    it('401 when its own key is wrong', async () => {
      const stranger = connect({ baseURL: `${world.url}/v1`, apiKey: 'another-key' });
      const error = await failureOf(generateText({ model: stranger.chat(MODEL), prompt: QUESTION, maxRetries: 0 }));
      expectRefusal(error, { status: 401, code: 'GW_UNAUTHORIZED', retryable: false });
    });

    it('400 when no vendor has the model', async () => {
      const error = await failureOf(generateText(ask(NO_SUCH_MODEL)));
      expectRefusal(error, { status: 400, code: '1500', retryable: false });
      expect(error).toHaveProperty('message', `Invalid model: ${NO_SUCH_MODEL}`);
    });

    it('422 when Mistral finds a field out of its bounds', async () => {
      const error = await failureOf(generateText({ ...ask(MODEL), topP: 7 }));
      expect(error).toMatchObject({ statusCode: 422, isRetryable: false });
      expect(error).toHaveProperty('responseBody', expect.stringMatching(/top_p/));
    });

    it('400 when the secondary does', async () => {
      const error = await failureOf(generateText({ ...ask(SECONDARY_MODEL), topP: 7 }));
      expect(error).toMatchObject({ statusCode: 400, isRetryable: false, message: expect.stringMatching(/top_p/) });
    });

    it('502 when every attempt failed', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: { kind: 'error', error: '500/1000' } });
      const error = await failureOf(generateText(ask(model)));
      expectRefusal(error, { status: 502, code: 'GW_UPSTREAM_FAILED', retryable: true });
      expect(error).toHaveProperty('message', expect.stringMatching(/attempts failed/));
    });

    it('503, and when to come again, when there is no capacity', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: { kind: 'error', error: '429/3505' } });
      const error = await failureOf(generateText(ask(model)));
      expectRefusal(error, { status: 503, code: 'GW_NO_TARGET', retryable: true });
      expectRetryAfter(error);
    });

    it('504 at its deadline', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: SILENCE });
      const error = await failureOf(generateText({ ...ask(model), headers: { 'x-leeward-deadline-ms': '100' } }));
      expectRefusal(error, { status: 504, code: 'GW_DEADLINE', retryable: true });
    });

    it('429, and when to come again, when all workspaces are out of quota', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: quotaFault() });
      const error = await failureOf(generateText(ask(model)));
      expectRefusal(error, { status: 429, code: 'GW_QUOTA_EXHAUSTED', retryable: true });
      expectRetryAfter(error);
      const errors: unknown[] = [];
      await streamText({ ...ask(model), onError: (event) => void errors.push(event.error) }).consumeStream();
      expectRefusal(errors[0], { status: 429, code: 'GW_QUOTA_EXHAUSTED', retryable: true });
    });
  });

  describe(`${name} and its own retries`, () => {
    it('waits as long as it is told and then succeeds by itself', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: quotaFault(1), times: 3 });
      const answer = await generateText({ ...ask(model), maxRetries: 1 });
      expect(answer.text).toBe(EXPECTED_TEXT);
      expect(countsOf(world.simulator.state(), model).seen).toBe(4);
    });

    it('gives up after them with a RetryError', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: quotaFault(1) });
      const error = await failureOf(generateText({ ...ask(model), maxRetries: 1 }));
      expect(RetryError.isInstance(error)).toBe(true);
      expectRefusal(error instanceof RetryError ? error.lastError : undefined, {
        status: 429,
        code: 'GW_QUOTA_EXHAUSTED',
        retryable: true,
      });
      expect(countsOf(world.simulator.state(), model).seen).toBeLessThanOrEqual(6);
    });
  });

  describe(`${name} that leaves`, () => {
    it('ends the generation of its stream', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: SLOW });
      const leaving = new AbortController();
      const answer = streamText({ ...ask(model), ...quietly, abortSignal: leaving.signal });
      for await (const text of answer.textStream) {
        if (text !== '') leaving.abort();
      }
      await expectAborted(world.simulator, model);
    });

    it('ends the generation of its whole answer when its patience ends', async () => {
      const model = world.takeRoute('alone');
      world.strike(model, { effect: SILENCE });
      const error = await failureOf(generateText({ ...ask(model), abortSignal: AbortSignal.timeout(150) }));
      expect(error).toHaveProperty('name', expect.stringMatching(/^(Timeout|Abort)Error$/));
      await expectAborted(world.simulator, model);
    });
  });
}

async function textOf(stream: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of stream) text += piece;
  return text;
}

function expectRefusal(error: unknown, expected: { status: number; code: string; retryable: boolean }): void {
  if (!APICallError.isInstance(error)) throw new Error('not an APICallError', { cause: error });
  expect(error.statusCode).toBe(expected.status);
  expect(error.isRetryable).toBe(expected.retryable);
  expect(JSON.parse(error.responseBody ?? '')).toMatchObject({ code: expected.code });
  // Without a body it understands it would only say the status in words.
  expect(error.message).not.toBe('');
}

function expectRetryAfter(error: unknown): void {
  const headers = APICallError.isInstance(error) ? error.responseHeaders : undefined;
  expect(headers?.['retry-after']).toMatch(/^[1-5]?\d$/);
  expect(Number(headers?.['retry-after-ms'])).toBeGreaterThan(0);
}
