/** Every surface in both dialects, against the simulator's wire-faithful upstreams. */
import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGateway, type TestGateway } from '../fixtures/open-gateway.ts';

let simulator: Simulator;
let gateway: TestGateway;

beforeAll(async () => {
  const workspaces = { one: { keys: ['vendor-key-a'], limits: {} }, two: { keys: ['vendor-key-b'], limits: {} } };
  simulator = await startSimulator({ workspaces, openai: { keys: ['vendor-key-c'], limits: {} } });
  const config = {
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: simulator.mistralUrl,
        quotaGroups: { one: {}, two: {} },
        keys: [
          { name: 'a', secret: 'env:KEY_A', quotaGroup: 'one' },
          { name: 'b', secret: 'env:KEY_B', quotaGroup: 'two' },
        ],
      },
      backup: { dialect: 'openai', baseUrl: simulator.openaiUrl, keys: [{ name: 'main', secret: 'env:KEY_C' }] },
    },
    routes: {
      'mistral-small-latest': { pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-5-mini' }]] },
      '*': { pools: [[{ provider: 'mistral' }]] },
    },
    auth: 'none',
    telemetry: { logLevel: 'error' },
  };
  gateway = await openGateway(config);
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

const MESSAGES = [{ role: 'user', content: 'Say something about the wind.' }];

const post = (path: string, body: object) =>
  fetch(gateway.dataUrl + path, { method: 'POST', body: JSON.stringify(body) });

describe.each(['', '/mistral', '/openai'])('under %s/v1', (prefix) => {
  test('chat answers, whole and streamed', async () => {
    const whole = await post(`${prefix}/v1/chat/completions`, { model: 'mistral-small-latest', messages: MESSAGES });
    expect(whole.status).toBe(200);
    expect(await whole.json()).toMatchObject({ object: 'chat.completion', choices: [{ finish_reason: 'stop' }] });
    const body = { model: 'mistral-small-latest', messages: MESSAGES, stream: true };
    const streamed = await (await post(`${prefix}/v1/v1/chat/completions`, body)).text();
    expect(streamed).toMatch(/data: \[DONE\]\n\n$/);
    expect(streamed).toContain('"finish_reason":"stop"');
  });

  test('embeddings and models answer', async () => {
    const embedded = await post(`${prefix}/v1/embeddings`, { model: 'mistral-embed', input: ['wind', 'sail'] });
    expect(await embedded.json()).toMatchObject({ object: 'list', data: [{ index: 0 }, { index: 1 }] });
    const models = await (await fetch(`${gateway.dataUrl}${prefix}/v1/models`)).text();
    for (const id of ['mistral-small-latest', 'mistral-embed', 'gpt-5-mini']) expect(models).toContain(`"${id}"`);
  });
});

test('fill-in-the-middle answers, and what has no handling of its own passes through', async () => {
  const fim = await post('/v1/fim/completions', { model: 'codestral-latest', prompt: 'def sail(', suffix: 'return' });
  expect(fim.status).toBe(200);
  const files = await fetch(`${gateway.dataUrl}/v1/files`);
  expect([files.status, files.headers.get('x-leeward-key')]).toEqual([200, 'a']);
});

test('a request goes to the other vendor, in its dialect, when no key of the first answers', async () => {
  simulator.faults.set([{ when: { personality: 'mistral' }, effect: { kind: 'error', error: '503/3800' } }]);
  for (const stream of [false, true]) {
    const body = { model: 'mistral-small-latest', messages: MESSAGES, stream };
    const response = await post('/mistral/v1/chat/completions', body);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-leeward-provider': 'backup',
      'x-leeward-model': 'gpt-5-mini',
      'x-leeward-fallback': '1',
    });
    expect(await response.text()).toContain('"finish_reason":"stop"');
  }
  simulator.faults.clear();
});
