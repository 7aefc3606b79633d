import { Mistral } from '@mistralai/mistralai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerFor, embed, type Simulator, startSimulator } from './index.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => simulator.reset());

const messages = [{ role: 'user' as const, content: 'What does the harbour say?' }];
const toolMessages = [{ role: 'user' as const, content: 'Ask the tool about the harbour' }];
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }];
const expected = answerFor({ messages }).text;
const expectedCall = answerFor({ messages: toolMessages, tools }).toolCalls[0];

describe('the Mistral client', () => {
  const client = () => new Mistral({ serverURL: simulator.mistralUrl, apiKey: 'sim-key-a' });
  const model = 'mistral-large-latest';

  it('chats, whole and streamed, and reads usage from the last chunk', async () => {
    const whole = await client().chat.complete({ model, messages });
    expect(whole.choices[0]?.message?.content).toBe(expected);
    let text = '';
    let total: number | undefined;
    for await (const { data } of await client().chat.stream({ model, messages })) {
      const content = data.choices[0]?.delta.content;
      text += typeof content === 'string' ? content : '';
      total ??= data.usage?.totalTokens;
    }
    expect(text).toBe(expected);
    expect(total).toBe(whole.usage.totalTokens);
  });

  it('calls tools, whole and streamed', async () => {
    const whole = await client().chat.complete({ model, messages: toolMessages, tools });
    expect(whole.choices[0]?.message?.toolCalls?.[0]?.function).toEqual({
      name: 'weather',
      arguments: expectedCall?.arguments,
    });
    const streamed = [];
    for await (const { data } of await client().chat.stream({ model, messages: toolMessages, tools })) {
      streamed.push(...(data.choices[0]?.delta.toolCalls ?? []));
    }
    expect(streamed.map((call) => call.function.name)).toEqual(['weather']);
  });

  it('reads reasoning as thinking chunks', async () => {
    const model = 'mistral-medium-latest';
    const reasoned = await client().chat.complete({ model, messages, reasoningEffort: 'high' });
    const content = reasoned.choices[0]?.message?.content;
    expect(content).toMatchObject([{ type: 'thinking' }, { type: 'text', text: expected }]);
    const kinds = new Set<string>();
    const request = { model, messages, reasoningEffort: 'high' as const };
    for await (const { data } of await client().chat.stream(request)) {
      const content = data.choices[0]?.delta.content;
      for (const chunk of Array.isArray(content) ? content : []) kinds.add(chunk.type);
    }
    expect([...kinds]).toEqual(['thinking', 'text']);
  });

  it('embeds, fills in the middle and lists models', async () => {
    const embedded = await client().embeddings.create({ model: 'mistral-embed', inputs: ['a', 'b'] });
    expect(embedded.data.map((one) => one.embedding)).toEqual([embed('a', 1024), embed('b', 1024)]);
    const small = { model: 'codestral-embed', inputs: 'a', outputDimension: 64, outputDtype: 'int8' as const };
    expect((await client().embeddings.create(small)).data[0]?.embedding).toHaveLength(64);
    const filled = await client().fim.complete({ model: 'codestral-latest', prompt: 'def f():', suffix: 'return 1' });
    expect(filled.choices[0]?.message?.content).toBe(answerFor({ prompt: 'def f():', suffix: 'return 1' }).text);
    const listed = await client().models.list();
    expect(listed.data).toContainEqual(expect.objectContaining({ id: model }));
    expect(await client().models.retrieve({ modelId: model })).toMatchObject({ id: model });
  });

  it('moderates, keeps files and conversations, reads named events', async () => {
    const judged = await client().classifiers.moderate({ model: 'mistral-moderation-latest', inputs: ['[flag:pii]'] });
    expect(judged.results[0]?.categories?.['pii']).toBe(true);
    const file = { fileName: 'a.jsonl', content: new TextEncoder().encode('{"a":1}\n') };
    const stored = await client().files.upload({ file, purpose: 'batch' });
    expect((await client().files.retrieve({ fileId: stored.id })).filename).toBe('a.jsonl');
    expect(await new Response(await client().files.download({ fileId: stored.id })).text()).toBe('{"a":1}\n');
    expect((await client().files.delete({ fileId: stored.id })).deleted).toBe(true);
    const started = await client().beta.conversations.start({ model, inputs: 'Hello' });
    const events: string[] = [];
    let text = '';
    const appended = { conversationId: started.conversationId, conversationAppendStreamRequest: { inputs: 'And?' } };
    for await (const { event, data } of await client().beta.conversations.appendStream(appended)) {
      events.push(event);
      if (data.type === 'message.output.delta' && typeof data.content === 'string') text += data.content;
    }
    expect(events[0]).toBe('conversation.response.started');
    expect(events.at(-1)).toBe('conversation.response.done');
    const first = [{ role: 'user', content: 'Hello' }];
    const said = { role: 'assistant', content: answerFor({ messages: first }).text };
    expect(text).toBe(answerFor({ messages: [...first, said, { role: 'user', content: 'And?' }] }).text);
  });

  it('transcribes as a stream of named events', async () => {
    const file = { fileName: 'a.wav', content: new Uint8Array([1, 2, 3]) };
    const whole = await client().audio.transcriptions.complete({ model: 'voxtral-mini-latest', file });
    let text = '';
    for await (const { data } of await client().audio.transcriptions.stream({ model: 'voxtral-mini-latest', file })) {
      if (data.type === 'transcription.text.delta') text += data.text;
    }
    expect(text).toBe(whole.text);
  });

  it('meets errors it can read', async () => {
    const stranger = new Mistral({ serverURL: simulator.mistralUrl, apiKey: 'nobody' });
    await expect(stranger.chat.complete({ model, messages })).rejects.toMatchObject({ statusCode: 401 });
    await expect(client().chat.complete({ model: 'x', messages })).rejects.toMatchObject({
      statusCode: 400,
      body: '{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500","raw_status_code":400}',
    });
    await expect(client().chat.complete({ model: 'zai-glm-5-3', messages })).rejects.toMatchObject({ statusCode: 429 });
  });
});

describe('the OpenAI client', () => {
  const client = () => new OpenAI({ baseURL: `${simulator.openaiUrl}/v1`, apiKey: 'sim-openai-key', maxRetries: 0 });
  const model = 'gpt-5-mini';

  it('chats, whole and streamed, with the same text as Mistral’s', async () => {
    const whole = await client().chat.completions.create({ model, messages });
    expect(whole.choices[0]?.message.content).toBe(expected);
    expect(whole.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
    let text = '';
    const tails = [];
    const request = { model, messages, stream: true as const, stream_options: { include_usage: true } };
    for await (const chunk of await client().chat.completions.create(request)) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.choices.length === 0) tails.push(chunk.usage?.total_tokens);
    }
    expect(text).toBe(expected);
    expect(tails).toEqual([whole.usage?.total_tokens]);
  });

  it('joins tool-call fragments to the same call', async () => {
    const stream = client().chat.completions.stream({ model, messages: toolMessages, tools });
    const call = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ function: { name: 'weather', arguments: expectedCall?.arguments } });
  });

  it('embeds in base64 and lists models', async () => {
    const embedded = await client().embeddings.create({ model: 'text-embedding-3-small', input: 'a', dimensions: 8 });
    const vector = embedded.data[0]?.embedding ?? [];
    expect(vector.map((value) => Number(value.toFixed(6)))).toEqual(embed('a', 8));
    const ids = [];
    for await (const listed of client().models.list()) ids.push(listed.id);
    expect(ids).toContain(model);
  });

  it('meets errors of the right class', async () => {
    const asked = client().chat.completions;
    await expect(asked.create({ model: 'x', messages })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(asked.create({ model, messages, ...Object.fromEntries([['max_tokens', 5]]) })).rejects.toMatchObject({
      status: 400,
      code: 'unsupported_parameter',
      param: 'max_tokens',
    });
    const stranger = new OpenAI({ baseURL: `${simulator.openaiUrl}/v1`, apiKey: 'nobody', maxRetries: 0 });
    await expect(stranger.chat.completions.create({ model, messages })).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
    simulator.faults.set([{ effect: { kind: 'error-frame', afterChunks: 1 } }]);
    const broken = await asked.create({ model, messages, stream: true });
    await expect(Array.fromAsync(broken)).rejects.toBeInstanceOf(OpenAI.APIError);
  });
});
