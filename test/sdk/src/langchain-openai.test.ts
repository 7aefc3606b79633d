/** LangChain with its OpenAI package. */
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPECTED_TEXT, QUESTION } from './cases/cases.ts';
import { describeLangchain } from './cases/langchain.ts';
import { MODEL, REASONING_MODEL, startWorld, type World } from './world/world.ts';

const clientAt = (world: World, path: string, model: string) =>
  new ChatOpenAI({ model, apiKey: world.clientKey, maxRetries: 0, configuration: { baseURL: world.url + path } });

describeLangchain({
  name: 'a LangChain client of OpenAI',
  chat: (world, { apiKey, headers, seed, ...options }) =>
    new ChatOpenAI({
      ...options,
      apiKey: apiKey ?? world.clientKey,
      ...(seed === undefined ? {} : { modelKwargs: { seed } }),
      configuration: { baseURL: `${world.url}/v1`, ...(headers === undefined ? {} : { defaultHeaders: headers }) },
    }),
  embeddings: (world, model) =>
    new OpenAIEmbeddings({ model, apiKey: world.clientKey, configuration: { baseURL: `${world.url}/v1` } }),
  statusOf: (error) => (error instanceof Error && 'status' in error ? error.status : undefined),
  throwsWhenBroken: true,
});

describe('a LangChain client of OpenAI', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it('reads a model that thinks without an object in the text, whole and streamed', async () => {
    const client = clientAt(world, '/v1', REASONING_MODEL);
    expect((await client.invoke(QUESTION)).text).toBe(EXPECTED_TEXT);
    let text = '';
    for await (const chunk of await client.stream(QUESTION)) text += chunk.text;
    expect(text).toBe(EXPECTED_TEXT);
  });

  it.each(['/v1', '/openai/v1', '/v1/v1'])('is served at %s', async (path) => {
    expect((await clientAt(world, path, MODEL).invoke(QUESTION)).text).toBe(EXPECTED_TEXT);
  });
});
