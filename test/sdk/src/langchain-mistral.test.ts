/** LangChain with its Mistral package, which brings an older SDK of Mistral's along. */
import { ChatMistralAI, MistralAIEmbeddings } from '@langchain/mistralai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPECTED_TEXT, QUESTION } from './cases/cases.ts';
import { describeLangchain } from './cases/langchain.ts';
import { MODEL, REASONING_MODEL, startWorld, type World } from './world/world.ts';

const clientAt = (world: World, path: string, model: string) =>
  new ChatMistralAI({ model, apiKey: world.clientKey, maxRetries: 0, serverURL: world.url + path });

describeLangchain({
  name: 'a LangChain client of Mistral',
  chat: (world, { apiKey, headers, ...options }) =>
    new ChatMistralAI({
      ...options,
      apiKey: apiKey ?? world.clientKey,
      serverURL: world.url,
      beforeRequestHooks: [
        (request) => {
          for (const [name, value] of Object.entries(headers ?? {})) request.headers.set(name, value);
        },
      ],
    }),
  embeddings: (world, model) => new MistralAIEmbeddings({ model, apiKey: world.clientKey, serverURL: world.url }),
  statusOf: (error) => (error instanceof Error && 'statusCode' in error ? error.statusCode : undefined),
  throwsWhenBroken: false,
});

describe('a LangChain client of Mistral', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it('reads the text of a model that thinks, whole and streamed', async () => {
    const client = clientAt(world, '', REASONING_MODEL);
    expect((await client.invoke(QUESTION)).text).toBe(EXPECTED_TEXT);
    let text = '';
    for await (const chunk of await client.stream(QUESTION)) text += chunk.text;
    expect(text).toBe(EXPECTED_TEXT);
  });

  it.each(['', '/v1', '/mistral', '/mistral/v1'])('is served at "%s"', async (path) => {
    expect((await clientAt(world, path, MODEL).invoke(QUESTION)).text).toBe(EXPECTED_TEXT);
  });
});
