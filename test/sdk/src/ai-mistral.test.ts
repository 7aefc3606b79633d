/** The Vercel AI SDK with its Mistral provider. */
import { createMistral } from '@ai-sdk/mistral';
import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeAiSdk } from './cases/ai-sdk.ts';
import { EXPECTED_TEXT, QUESTION } from './cases/cases.ts';
import { MODEL, REASONING_MODEL, startWorld, type World } from './world/world.ts';

describeAiSdk({
  name: 'an AI SDK client of Mistral',
  brokenFinish: 'error',
  connect: (at) => {
    const mistral = createMistral(at);
    return { chat: (model) => mistral.chat(model), embedding: (model) => mistral.embedding(model) };
  },
});

describe('an AI SDK client of Mistral', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const modelAt = (path: string, model: string) =>
    createMistral({ baseURL: world.url + path, apiKey: world.clientKey }).chat(model);

  it('gets the thinking apart from the text, whole and streamed', async () => {
    const whole = await generateText({ model: modelAt('/v1', REASONING_MODEL), prompt: QUESTION });
    expect(whole.text).toBe(EXPECTED_TEXT);
    expect(whole.reasoningText).toMatch(/\w/);
    const streamed = streamText({ model: modelAt('/v1', REASONING_MODEL), prompt: QUESTION });
    expect(await streamed.text).toBe(EXPECTED_TEXT);
    expect(await streamed.reasoningText).toBe(whole.reasoningText);
  });

  it.each(['/v1', '/mistral/v1', '/v1/v1', '/mistral/v1/v1'])('is served at %s', async (path) => {
    expect((await generateText({ model: modelAt(path, MODEL), prompt: QUESTION })).text).toBe(EXPECTED_TEXT);
    expect(await streamText({ model: modelAt(path, MODEL), prompt: QUESTION }).text).toBe(EXPECTED_TEXT);
  });
});
