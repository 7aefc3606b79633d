import { describe, expect, test } from 'vitest';
import { oneProvider, openGateway } from '../fixtures/open-gateway.ts';
import {
  answersChat,
  CHAT_ANSWER,
  chatBody,
  DONE_EVENT,
  event,
  LAST_EVENT,
  MODEL,
  openUpstream,
  sayJson,
  sayStream,
} from '../fixtures/open-upstream.ts';

const OPEN = { auth: 'none' };

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

describe('for a Mistral client before a Mistral upstream', () => {
  const ODD_BODY =
    '\n { "messages" : [ {"content":"caf\\u00e9 \\ud83d\\ude00 ☕","role":"user"} ],\t"unknown_field": 1.0e+2, ' +
    '"big":12345678901234567890,"temperature":0.70,\r\n "model":"mistral-large-latest" }\n';

  test('the request’s bytes arrive as they were sent, and the answer’s come back as they were said', async () => {
    const odd = ` ${CHAT_ANSWER.replace('{"id"', '{ "x_new" : 1.50, "id"')}\n`;
    await using upstream = await openUpstream((_request, response) => sayJson(response, odd));
    await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, ODD_BODY);
    expect(await response.text()).toBe(odd);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(upstream.received[0]?.bytes.toString()).toBe(ODD_BODY);
    expect(upstream.received[0]?.url).toBe('/v1/chat/completions');
  });

  test('a stream’s bytes come back as they were said', async () => {
    const events = [
      event('').replace('{"id"', '{"p":"abcdef", "id"'),
      event('caf\\u00e9 '),
      event('漢字').replace('\n\n', '\r\n\r\n'),
      LAST_EVENT,
      DONE_EVENT,
    ];
    await using upstream = await openUpstream((_request, response) => sayStream(response, events));
    await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
    const body = ODD_BODY.replace('"big"', '"stream" : true, "big"');
    const response = await post(`${gateway.dataUrl}/mistral/v1/chat/completions`, body);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(events.join(''));
    expect(upstream.received[0]?.bytes.toString()).toBe(body);
  });

  test('a refusal that is the caller’s passes unchanged, once', async () => {
    const refusal =
      '{ "object":"error","message":{"detail":[{"loc":["body","top_p"]}]},"type":"invalid_request_error" ,"code":null}';
    await using upstream = await openUpstream((_request, response) =>
      sayJson(response, refusal, 422, { 'mistral-correlation-id': 'c-1', 'content-type': 'application/json; x=1' }),
    );
    await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody({ top_p: 7 }));
    expect(response.status).toBe(422);
    expect(await response.text()).toBe(refusal);
    expect(response.headers.get('mistral-correlation-id')).toBe('c-1');
    expect(response.headers.get('content-type')).toBe('application/json; x=1');
    expect(upstream.received).toHaveLength(1);
    expect(await gateway.metric('leeward_attempts_total', 'outcome="caller-fault"')).toBe(1);
  });
});

test('an OpenAI client gets a Mistral refusal in the form that it reads', async () => {
  await using upstream = await openUpstream((_request, response) =>
    sayJson(response, '{"object":"error","message":"bad top_p","type":"invalid_request_error","code":"2210"}', 400),
  );
  await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
  const response = await post(`${gateway.dataUrl}/openai/v1/chat/completions`, chatBody({ top_p: 7 }));
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ message: 'bad top_p', error: { message: 'bad top_p', code: '2210' } });
  expect(upstream.received).toHaveLength(1);
});

test('OpenAI’s SDKs are known by their headers where the path does not say', async () => {
  await using upstream = await openUpstream(answersChat);
  await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
  for (const headers of [{ 'x-stainless-lang': 'js' }, { 'user-agent': 'ai/7 ai-sdk/openai/3' }]) {
    await (await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody(), headers)).arrayBuffer();
  }
  await (await post(`${gateway.dataUrl}/mistral/v1/chat/completions`, chatBody(), { 'x-stainless-lang': 'js' })).text();
  expect(await gateway.metric('leeward_requests_total', 'dialect="openai"')).toBe(2);
  expect(await gateway.metric('leeward_requests_total', 'dialect="mistral"')).toBe(1);
});

describe('the deadline of a caller', () => {
  test.each(['soon', '0', '-5', '1.5', '', '1, 2', 'Infinity', '1e3', '0x10', '+5', '1'.repeat(16)])(
    'is refused when it is %j',
    async (deadline) => {
      await using upstream = await openUpstream(answersChat);
      await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
      const headers = { 'x-leeward-deadline-ms': deadline };
      const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody(), headers);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ message: expect.stringContaining('x-leeward-deadline-ms') });
      expect(upstream.seen()).toBe(0);
    },
  );

  test.each([{}, { stream: true }])('ends the wait with a 504 and the upstream’s work with it: %j', async (more) => {
    await using upstream = await openUpstream(() => undefined);
    await using gateway = await openGateway(oneProvider(upstream.url, OPEN));
    const aborted = upstream.nextAbort();
    const headers = { 'x-leeward-deadline-ms': '80' };
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody(more), headers);
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'GW_DEADLINE', error: { type: 'timeout_error' } });
    await aborted;
    expect(upstream.seen()).toBe(1);
  });
});

describe('where a request goes', () => {
  const twoProviders = (first: string, second: string, more: object = {}) => ({
    providers: {
      mistral: { dialect: 'mistral', baseUrl: first, keys: [{ name: 'a', secret: 'env:KEY_A' }] },
      backup: { dialect: 'mistral', baseUrl: `${second}/base/v1/`, keys: [{ name: 'b', secret: 'env:KEY_B' }] },
    },
    routes: {
      [MODEL]: {
        pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'other-model' }]],
        retries: { maxAttempts: 2, backoffMs: 1 },
      },
      ...more,
    },
    ...OPEN,
  });
  const down = () => openUpstream((_request, response) => sayJson(response, '{"message":"x"}', 500));

  test('the second pool serves what the first cannot, under its own model name and base path', async () => {
    await using first = await down();
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(twoProviders(first.url, second.url));
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody());
    expect(response.status).toBe(200);
    expect(second.received[0]?.url).toBe('/base/v1/chat/completions');
    expect(JSON.parse(String(second.received[0]?.bytes))).toMatchObject({ model: 'other-model' });
    expect(response.headers.get('x-leeward-fallback')).toBe('1');
    expect(response.headers.get('x-leeward-attempts')).toBe('2');
    expect(response.headers.get('x-leeward-model')).toBe('other-model');
  });

  test('x-leeward-no-fallback is true or false in any case, and refused when it is neither', async () => {
    await using first = await down();
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(twoProviders(first.url, second.url));
    for (const [said, status] of [
      ['1', 400],
      ['yes', 400],
      ['', 400],
      ['True', 502],
      ['False', 200],
    ] as const) {
      const headers = { 'x-leeward-no-fallback': said };
      const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody(), headers);
      expect([said, response.status]).toEqual([said, status]);
      expect(await response.text()).toContain(status === 400 ? 'x-leeward-no-fallback must be true or false' : '');
    }
    expect(second.seen()).toBe(1);
  });

  test('x-leeward-no-fallback keeps it in the first pool', async () => {
    await using first = await down();
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(twoProviders(first.url, second.url));
    const headers = { 'x-leeward-no-fallback': 'true', 'x-leeward-deadline-ms': '5000' };
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody(), headers);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'GW_UPSTREAM_FAILED' });
    expect(second.seen()).toBe(0);
    expect(response.headers.get('x-leeward-provider')).toBe('mistral');
  });

  test('a pinned provider serves alone, even from a later pool', async () => {
    await using first = await openUpstream(answersChat);
    await using second = await openUpstream(answersChat);
    await using gateway = await openGateway(twoProviders(first.url, second.url));
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody({ model: `backup/${MODEL}` }));
    expect(response.headers.get('x-leeward-provider')).toBe('backup');
    expect(JSON.parse(String(second.received[0]?.bytes))).toMatchObject({ model: 'other-model' });
    expect(first.seen()).toBe(0);
    expect((await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody({ model: `mistral/${MODEL}` }))).status).toBe(
      200,
    );
    expect(JSON.parse(String(first.received[0]?.bytes))).toMatchObject({ model: MODEL });
  });

  test.each(['unheard-of', `nobody/${MODEL}`, 'mistral/unheard-of', '__proto__', 'constructor'])(
    'no route serves %s where there is no wildcard',
    async (model) => {
      await using first = await openUpstream(answersChat);
      await using gateway = await openGateway(twoProviders(first.url, first.url));
      const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody({ model }));
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'GW_UNKNOWN_MODEL', error: { type: 'not_found_error' } });
      expect(first.seen()).toBe(0);
    },
  );

  test('a pinned provider that the wildcard does not use serves nothing', async () => {
    await using first = await openUpstream(answersChat);
    const wildcard = { '*': { pools: [[{ provider: 'mistral' }]] } };
    await using gateway = await openGateway(twoProviders(first.url, first.url, wildcard));
    const response = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody({ model: 'backup/x' }));
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('backup') });
    // A slash that names no provider is part of the model's name.
    const named = await post(`${gateway.dataUrl}/v1/chat/completions`, chatBody({ model: 'org/model' }));
    expect(named.headers.get('x-leeward-model')).toBe('org/model');
    expect(first.received).toHaveLength(1);
  });
});
