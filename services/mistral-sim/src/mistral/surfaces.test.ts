/** The surfaces that a gateway only passes through: each answers in its own shape, and refuses in it too. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asText, isObject } from '../json.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ kept: 2 });
});
afterAll(() => simulator.close());

const authorization = 'Bearer sim-key-a';

async function send(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(simulator.mistralUrl + path, { method, headers: { authorization }, ...init });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

const post = (path: string, body: object) => send('POST', path, body);

describe('pass-through surfaces', () => {
  it('moderate and classify texts and chats', async () => {
    const model = 'mistral-moderation-latest';
    const texts = await post('/v1/moderations', { model, input: ['kind words', '[flag:law]'] });
    expect(texts).toMatchObject({
      status: 200,
      json: { model, results: [{ categories: { law: false } }, { categories: { law: true } }] },
    });
    const chat = [{ role: 'user', content: '[flag:pii]' }];
    const one = await post('/v1/chat/moderations', { model, input: chat });
    expect(one).toMatchObject({ status: 200, json: { results: [{ categories: { pii: true } }] } });
    const two = await post('/v1/chat/classifications', { model, input: [chat, chat] });
    expect(two).toMatchObject({ json: { results: [{}, { moderation: { scores: { pii: 0.98 } } }] } });
    expect(await post('/v1/classifications', { model, input: 'x' })).toMatchObject({ status: 200 });
    expect(await post('/v1/moderations', { model })).toMatchObject({ status: 422 });
  });

  it('read documents page by page', async () => {
    const document = { type: 'document_url', document_url: 'https://harbour.example/log.pdf' };
    const read = await post('/v1/ocr', { model: 'mistral-ocr-latest', document, pages: [3, 5] });
    expect(read).toMatchObject({
      status: 200,
      json: { pages: [{ index: 3 }, { index: 5 }], usage_info: { pages_processed: 2 } },
    });
    expect(await post('/v1/ocr', { model: 'mistral-ocr-latest' })).toMatchObject({ status: 422 });
  });

  it('speak in base64, whole and as named events', async () => {
    const spoken = await post('/v1/audio/speech', { input: 'Ahoy', model: 'voxtral-mini-tts-latest' });
    expect(spoken).toMatchObject({ status: 200, json: { audio_data: expect.any(String) as unknown } });
    const body = JSON.stringify({ input: 'Ahoy', stream: true });
    const streamed = await fetch(`${simulator.mistralUrl}/v1/audio/speech`, {
      method: 'POST',
      headers: { authorization },
      body,
    });
    const events = (await streamed.text()).match(/^event: .+$/gm);
    expect(events).toEqual(['event: speech.audio.delta', 'event: speech.audio.delta', 'event: speech.audio.done']);
  });

  it('take batch jobs, and keep no more than they may', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 3; at++) {
      const { json } = await post('/v1/batch/jobs', { endpoint: '/v1/chat/completions', requests: [{}, {}] });
      if (isObject(json) && typeof json['id'] === 'string') ids.push(json['id']);
    }
    expect(await send('GET', '/v1/batch/jobs')).toMatchObject({ json: { total: 2 } });
    expect(await send('GET', `/v1/batch/jobs/${ids[0]}`)).toMatchObject({ status: 404 });
    expect(await send('GET', `/v1/batch/jobs/${ids[1]}`)).toMatchObject({
      json: { status: 'SUCCESS', succeeded_requests: 2 },
    });
    expect(await send('POST', `/v1/batch/jobs/${ids[2]}/cancel`)).toMatchObject({ json: { status: 'CANCELLED' } });
  });

  it('keep a conversation to its workspace, and forget it when told', async () => {
    const started = await post('/v1/conversations', { inputs: 'Hello', model: 'mistral-large-latest' });
    const id = isObject(started.json) ? asText(started.json['conversation_id']) : '';
    expect(await send('GET', `/v1/conversations/${id}/messages`)).toMatchObject({ json: { messages: [{}, {}] } });
    const stranger = { headers: { authorization: 'Bearer sim-key-b' } };
    expect((await fetch(`${simulator.mistralUrl}/v1/conversations/${id}`, stranger)).status).toBe(404);
    expect((await send('DELETE', `/v1/conversations/${id}`)).status).toBe(204);
    expect((await send('GET', `/v1/conversations/${id}`)).status).toBe(404);
    expect(await post('/v1/conversations', { inputs: 'x', n: 2 })).toMatchObject({
      status: 422,
      json: { object: 'Error', code: 3001, detail: [{ loc: ['body', 'n'] }] },
    });
  });

  it('refuse an upload that is no form', async () => {
    expect(await post('/v1/files', {})).toMatchObject({ status: 422 });
  });
});
