import { VirtualClock } from '@leeward/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answerFor, type Simulator, type StartOptions, startSimulator } from './index.ts';

let simulator: Simulator | undefined;
afterEach(async () => {
  await simulator?.close();
  simulator = undefined;
});

async function start(options: StartOptions = {}): Promise<Simulator> {
  simulator = await startSimulator(options);
  return simulator;
}

/** Sockets are real, so their events come when they come: soon, and long before this gives up. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

const messages = [{ role: 'user', content: 'Hello' }];

function post(url: string, body: unknown, key = 'sim-key-a'): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const chat = (sim: Simulator, fields: object = {}, key?: string) =>
  post(`${sim.mistralUrl}/v1/chat/completions`, { model: 'mistral-large-latest', messages, ...fields }, key);

const rateHeaders = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => /ratelimit|retry/.test(name)));

describe('response headers', () => {
  it('tell both rungs on a whole chat, with the request’s cost taken off', async () => {
    const sim = await start();
    const response = await chat(sim);
    const { usage } = (await response.json()) as { usage: { total_tokens: number } };
    expect(rateHeaders(response)).toEqual({
      'x-ratelimit-limit-req-minute': '720',
      'x-ratelimit-remaining-req-minute': '719',
      'x-ratelimit-limit-tokens-minute': '5000000',
      'x-ratelimit-remaining-tokens-minute': String(5_000_000 - usage.total_tokens),
      'x-ratelimit-tokens-query-cost': String(usage.total_tokens),
      'x-max-retry-attempts-reached': 'false',
    });
    expect(response.headers.get('mistral-correlation-id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
    expect(response.headers.get('mistral-correlation-id')).toBe(response.headers.get('x-kong-request-id'));
    expect(response.headers.getSetCookie()[0]).toMatch(/^__cf_bm=/);
  });

  it('tell nothing of rates on a stream, and on models; the request rung alone on embeddings', async () => {
    const sim = await start();
    const streamed = await chat(sim, { stream: true });
    await streamed.text();
    expect(rateHeaders(streamed)).toEqual({ 'x-max-retry-attempts-reached': 'false' });
    const authorization = 'Bearer sim-key-a';
    const models = await fetch(`${sim.mistralUrl}/v1/models`, { headers: { authorization } });
    expect(rateHeaders(models)).toEqual({});
    const embedded = await post(`${sim.mistralUrl}/v1/embeddings`, { model: 'mistral-embed', input: 'a' });
    expect(Object.keys(rateHeaders(embedded))).toEqual([
      'x-max-retry-attempts-reached',
      'x-ratelimit-limit-req-minute',
      'x-ratelimit-remaining-req-minute',
    ]);
  });

  it('announce a deprecation', async () => {
    const response = await chat(await start(), { model: 'open-mistral-nemo' });
    expect(response.headers.get('x-model-deprecation-timestamp')).toBe('2026-12-31T12:00:00.000Z');
  });
});

describe('rate limits', () => {
  const defaultLimit = { requestsPerMinute: 2, tokensPerMinute: 1000 };

  it('are shared by the keys of a workspace and the aliases of a model, and by nothing else', async () => {
    const sim = await start({ defaultLimit, clock: new VirtualClock() });
    expect((await chat(sim)).status).toBe(200);
    expect((await chat(sim, { model: 'mistral-large-2512' }, 'sim-key-a2')).status).toBe(200);
    const refused = await chat(sim);
    expect(refused.status).toBe(429);
    expect(rateHeaders(refused)).toEqual({
      'x-ratelimit-limit-req-minute': '2',
      'x-ratelimit-remaining-req-minute': '0',
      'x-max-retry-attempts-reached': 'false',
    });
    expect(await refused.text()).toBe(
      '{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429}',
    );
    expect((await chat(sim, { model: 'mistral-small-latest' })).status).toBe(200);
    expect((await chat(sim, {}, 'sim-key-b')).status).toBe(200);
    expect(sim.state().total.rateLimited).toBe(1);
  });

  it('drop the request pair when it is the tokens that ran out', async () => {
    const limits = { 'mistral-large-latest': { requestsPerMinute: 100, tokensPerMinute: 20 } };
    const sim = await start({ workspaces: { w: { keys: ['k'], limits } }, clock: new VirtualClock() });
    expect((await chat(sim, { stream: true }, 'k').then((one) => one.text())).length).toBeGreaterThan(0);
    const refused = await chat(sim, {}, 'k');
    expect(refused.status).toBe(429);
    expect(rateHeaders(refused)).toEqual({
      'x-ratelimit-limit-tokens-minute': '20',
      'x-ratelimit-remaining-tokens-minute': '0',
      'x-max-retry-attempts-reached': 'false',
    });
  });

  it('are never more than zero for a model that the plan lacks', async () => {
    const refused = await chat(await start(), { model: 'zai-glm-latest' });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-ratelimit-limit-req-minute')).toBe('0');
  });

  it('say on OpenAI’s side when to come back', async () => {
    const sim = await start({
      defaultLimit: { requestsPerMinute: 1, tokensPerMinute: null },
      clock: new VirtualClock(),
    });
    const ask = () => post(`${sim.openaiUrl}/v1/chat/completions`, { model: 'gpt-5-mini', messages }, 'sim-openai-key');
    expect(rateHeaders(await ask())).toEqual({
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '60s',
    });
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(rateHeaders(refused)).toMatchObject({ 'retry-after': '60', 'retry-after-ms': '60000' });
  });
});

describe('answers', () => {
  it('count cached prompt tokens on the second time', async () => {
    const sim = await start({ cacheBlockTokens: 16 });
    const long = { messages: [{ role: 'user', content: 'x'.repeat(400) }] };
    const cached = async () => {
      const response = await chat(sim, long);
      const { usage } = (await response.json()) as { usage: { prompt_tokens_details: { cached_tokens: number } } };
      return [usage.prompt_tokens_details.cached_tokens, response.headers.get('x-ratelimit-tokens-query-cost')];
    };
    const [none, fullCost] = await cached();
    const [some, cost] = await cached();
    expect([none, some]).toEqual([0, 96]);
    expect(Number(cost)).toBe(Number(fullCost) - 96);
  });

  it('are the same text from every key, model and personality', async () => {
    const sim = await start();
    const text = async (response: Response) =>
      ((await response.json()) as { choices: { message: { content: string } }[] }).choices.map(
        (one) => one.message.content,
      );
    const expected = answerFor({ messages }).text;
    expect(await text(await chat(sim))).toEqual([expected]);
    expect(await text(await chat(sim, { model: 'ministral-8b-latest' }, 'sim-key-c'))).toEqual([expected]);
    const openai = { model: 'gpt-4.1', messages, n: 2 };
    expect(await text(await post(`${sim.openaiUrl}/v1/chat/completions`, openai, 'sim-openai-key'))).toEqual([
      expected,
      answerFor({ messages }, { choice: 1 }).text,
    ]);
  });

  it('come in the number types that an embeddings request names', async () => {
    const sim = await start();
    const embed = async (fields: object) => {
      const body = { model: 'codestral-embed', input: ['a'], output_dimension: 16, ...fields };
      const response = await post(`${sim.mistralUrl}/v1/embeddings`, body);
      return ((await response.json()) as { data: { embedding: number[] | string }[] }).data[0]?.embedding ?? [];
    };
    const floats = (await embed({})) as number[];
    expect(floats).toHaveLength(16);
    const bytes = Buffer.from((await embed({ encoding_format: 'base64' })) as string, 'base64');
    expect(floats.map((_, at) => bytes.readFloatLE(at * 4))).toEqual(floats.map(Math.fround));
    const small = (await embed({ output_dtype: 'int8' })) as number[];
    expect(small.every((value) => Number.isInteger(value) && value >= -128 && value <= 127)).toBe(true);
    expect(await embed({ output_dtype: 'ubinary' })).toHaveLength(2);
    const refused = await post(`${sim.mistralUrl}/v1/embeddings`, {
      model: 'mistral-embed',
      input: 'a',
      output_dimension: 8,
    });
    expect(await refused.json()).toMatchObject({
      message: 'This model does not support output_dimension.',
      code: '3051',
    });
  });

  it('wait for the first token with their headers, then keep the pace', async () => {
    const clock = new VirtualClock();
    const chunkTokens = { least: 1, most: 1 };
    const sim = await start({ clock, chunkTokens, latency: { firstTokenMs: 100, perTokenMs: 10 } });
    let begun = false;
    const asked = chat(sim, { stream: true, max_tokens: 3 }).then((response) => {
      begun = true;
      return response;
    });
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.advance(99);
    expect(begun).toBe(false);
    await clock.advance(1);
    const reader = (await asked).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toMatch(/^data: .*"role":"assistant".*\n\n$/);
    await clock.advance(20);
    const two = `${(await reader?.read())?.value}`;
    await clock.advance(10);
    let rest = two;
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) rest += read.value;
    expect(rest.match(/^data: /gm)).toHaveLength(5);
    expect(rest.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('what is not right', () => {
  it.each([
    ['kong', /^\{"message":"Unauthorized","request_id":"[0-9a-f]{32}"\}$/],
    ['app', /^\{"detail":"Unauthorized"\}$/],
    ['current', /^\{"detail":"Invalid API Key"\}$/],
  ] as const)('is answered with the %s form of 401 for an unknown key', async (unauthorizedForm, body) => {
    const refused = await chat(await start({ unauthorizedForm }), {}, 'nobody');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await refused.text()).toMatch(body);
  });

  it.each([
    [{ model: 'labs-leanstral-1-5' }, 403, '1913'],
    [{ model: 'nothing' }, 400, '1500'],
    [{ model: 'mistral-embed' }, 400, '1500'],
    [{ reasoning_effort: 'medium', model: 'mistral-medium-latest' }, 400, '3051'],
    [{ prompt_mode: 'reasoning' }, 400, '3051'],
    [{ model: 'codestral-latest', messages: [{ role: 'user', content: 'x'.repeat(600_000) }] }, 400, '3051'],
    [{ max_tokens: 1_000_000 }, 422, null],
  ])('refuses %j with its own code', async (fields, status, code) => {
    const refused = await chat(await start(), fields);
    expect(refused.status).toBe(status);
    expect(await refused.json()).toMatchObject({ code });
  });

  it('survives bodies that are not what they should be', async () => {
    const sim = await start({ bodyBytes: 200_000 });
    const url = `${sim.mistralUrl}/v1/chat/completions`;
    for (const body of ['', '{', '[]', 'null', '"x"']) expect((await post(url, body)).status).toBe(422);
    expect((await post(url, '['.repeat(100_000))).status).toBe(422);
    expect(
      (await post(url, `{"model":"mistral-large-latest","messages":${'['.repeat(50_000)}${']'.repeat(50_000)}}`))
        .status,
    ).toBe(422);
    expect((await post(url, ' '.repeat(200_001))).status).toBe(413);
    expect((await post(`${sim.openaiUrl}/v1/chat/completions`, '{', 'sim-openai-key')).status).toBe(400);
    expect((await chat(sim)).status).toBe(200);
  });

  it('meets Kong on an unknown path', async () => {
    const refused = await fetch(`${(await start()).mistralUrl}/v1/v2/nothing`);
    expect(refused.status).toBe(404);
    expect(await refused.text()).toMatch(
      /^\{"message":"no Route matched with those values","request_id":"[0-9a-f]{32}"\}$/,
    );
  });
});

describe('the control API', () => {
  it('sets and shows the script, shows the counts, and resets', async () => {
    const sim = await start();
    const control = async (method: string, path: string, body?: string) => {
      const response = await fetch(`${sim.controlUrl}/control/${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const set = await control('PUT', 'faults', 'faults:\n  - effect: { kind: error, error: 503/3800 }\n    times: 1\n');
    expect(set).toMatchObject({ status: 200, body: { faults: [{ times: 1, probability: 1 }] } });
    expect((await chat(sim)).status).toBe(503);
    expect((await chat(sim)).status).toBe(200);
    expect((await chat(sim, { odd: 1 })).status).toBe(422);
    expect((await control('GET', 'state')).body).toMatchObject({
      total: { seen: 3, completed: 3, inFlight: 0, rejected: 1, faults: { error: 1 } },
      keys: { 'sim-key-a': { seen: 3 } },
      models: { 'mistral-large-2512': { seen: 3 } },
    });
    const wrong = await control('PUT', 'faults', JSON.stringify([{ effect: { kind: 'silence' }, probability: 2 }]));
    expect(wrong).toMatchObject({ status: 400, body: { error: expect.stringContaining('probability') as unknown } });
    expect((await control('POST', 'reset')).body).toMatchObject({ total: { seen: 0 } });
    expect((await control('GET', 'faults')).body).toEqual({ faults: [] });
    expect((await control('GET', 'nothing')).status).toBe(404);
  });
});
