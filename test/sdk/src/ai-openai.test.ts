/** The Vercel AI SDK with its OpenAI provider, on chat completions. */
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAiSdk } from './cases/ai-sdk.ts';
import { EXPECTED_TEXT, QUESTION } from './cases/cases.ts';
import { MODEL, REASONING_MODEL, startWorld, type World } from './world/world.ts';

describeAiSdk({
  name: 'an AI SDK client of OpenAI',
  brokenFinish: 'other',
  connect: (at) => {
    const openai = createOpenAI(at);
    return { chat: (model) => openai.chat(model), embedding: (model) => openai.embedding(model) };
  },
});

describe('an AI SDK client of OpenAI', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const modelAt = (path: string, model: string) =>
    createOpenAI({ baseURL: world.url + path, apiKey: world.clientKey }).chat(model);

  it('reads a model that thinks without an object in the text, whole and streamed', async () => {
    const asked = { model: modelAt('/v1', REASONING_MODEL), prompt: QUESTION };
    expect((await generateText(asked)).text).toBe(EXPECTED_TEXT);
    expect(await streamText(asked).text).toBe(EXPECTED_TEXT);
  });

  it.each(['/v1', '/openai/v1', '/v1/v1', '/openai/v1/v1'])('is served at %s', async (path) => {
    expect((await generateText({ model: modelAt(path, MODEL), prompt: QUESTION })).text).toBe(EXPECTED_TEXT);
    expect(await streamText({ model: modelAt(path, MODEL), prompt: QUESTION }).text).toBe(EXPECTED_TEXT);
  });
});
