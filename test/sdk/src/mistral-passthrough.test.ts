/** What of Mistral's API the gateway has no handling of its own for, as Mistral's SDK sees it: passed through. */
import { HTTPClient, Mistral } from '@mistralai/mistralai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { QUESTION } from './cases/cases.ts';
import { startWorld, type World } from './world/world.ts';

let world: World;
let client: Mistral;
let lastHeaders = new Headers();
beforeAll(async () => {
  world = await startWorld();
  const httpClient = new HTTPClient();
  httpClient.addHook('response', ({ headers }) => {
    lastHeaders = headers;
  });
  client = new Mistral({ serverURL: world.url, apiKey: world.clientKey, httpClient });
});
afterEach(() => world.simulator.faults.clear());
afterAll(() => world.stop());

describe('a Mistral client and what is passed through', () => {
  it('uploads a file, reads it back and deletes it', async () => {
    const bytes = Buffer.from('{"custom_id":"1"}\n{"custom_id":"2"}\n'.repeat(2000));
    const file = { fileName: 'jobs.jsonl', content: new Blob([bytes]) };
    const uploaded = await client.files.upload({ purpose: 'batch', file });
    expect(uploaded).toMatchObject({ object: 'file', sizeBytes: bytes.length, filename: 'jobs.jsonl' });
    expect((await client.files.list()).data.map(({ id }) => id)).toContain(uploaded.id);
    const stream = await client.files.download({ fileId: uploaded.id });
    expect(Buffer.from(await new Response(stream).arrayBuffer()).equals(bytes)).toBe(true);
    expect(await client.files.delete({ fileId: uploaded.id })).toMatchObject({ id: uploaded.id, deleted: true });
  });

  it('has a document read', async () => {
    const document = { type: 'document_url' as const, documentUrl: 'https://harbour.example/berths.pdf' };
    const answer = await client.ocr.process({ model: 'mistral-ocr-latest', document, pages: [0, 2] });
    expect(answer.pages.map(({ index }) => index)).toEqual([0, 2]);
    expect(answer.pages[1]?.markdown).toMatch(/^# Page 3/);
    expect(answer.usageInfo.pagesProcessed).toBe(2);
  });

  it('has texts and chats judged', async () => {
    const model = 'mistral-moderation-latest';
    const texts = await client.classifiers.moderate({ model, inputs: ['a rope', 'see [flag:pii]'] });
    expect(texts.results.map(({ categories }) => categories?.['pii'])).toEqual([false, true]);
    const chat = await client.classifiers.moderateChat({ model, inputs: [{ role: 'user', content: '[flag:law]' }] });
    expect(chat.results[0]?.categories?.['law']).toBe(true);
  });

  it('talks with the model in a conversation that Mistral keeps, whole and streamed', async () => {
    const first = await client.beta.conversations.start({ model: 'mistral-small-latest', inputs: QUESTION });
    expect(first.outputs).toHaveLength(1);
    const { conversationId } = first;
    const stream = await client.beta.conversations.appendStream({
      conversationId,
      conversationAppendStreamRequest: { inputs: 'And by day? [words=12]' },
    });
    const events: string[] = [];
    for await (const { event } of stream) events.push(event);
    expect(events[0]).toBe('conversation.response.started');
    expect(events).toContain('message.output.delta');
    expect(events.at(-1)).toBe('conversation.response.done');
    const { messages } = await client.beta.conversations.getMessages({ conversationId });
    expect(messages.length).toBeGreaterThanOrEqual(4);
  });

  it('has speech written down, whole and streamed', async () => {
    const file = { fileName: 'ahoy.wav', content: new Blob([Buffer.alloc(64_000)]) };
    const whole = await client.audio.transcriptions.complete({ model: 'voxtral-mini-latest', file });
    let text = '';
    const events: string[] = [];
    for await (const { event, data } of await client.audio.transcriptions.stream({
      model: 'voxtral-mini-latest',
      file,
    })) {
      events.push(event);
      if (data.type === 'transcription.text.delta') text += data.text;
    }
    expect(text.trim()).toBe(whole.text.trim());
    expect(events.at(-1)).toBe('transcription.done');
  });

  it('has a batch of requests worked off', async () => {
    const job = await client.batch.jobs.create({
      model: 'mistral-small-latest',
      endpoint: '/v1/chat/completions',
      requests: [{ customId: '1', body: { messages: [{ role: 'user', content: QUESTION }] } }],
    });
    expect(await client.batch.jobs.get({ jobId: job.id })).toMatchObject({ id: job.id, totalRequests: 1 });
  });

  it('sees who answered in the headers', async () => {
    await client.files.list({}, { headers: { 'x-request-id': 'mate-17' } });
    expect(Object.fromEntries(lastHeaders)).toMatchObject({
      'x-request-id': 'mate-17',
      'x-leeward-provider': 'mistral',
      'x-leeward-attempts': '1',
    });
    expect(lastHeaders.get('set-cookie')).toBeNull();
  });
});
