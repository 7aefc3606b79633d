import { describe, expect, test } from 'vitest';
import { ENV, openGateway } from '../fixtures/open-gateway.ts';
import { openUpstream, sayJson } from '../fixtures/open-upstream.ts';

const list = (...ids: string[]) =>
  JSON.stringify({ object: 'list', data: ids.map((id) => ({ id, object: 'model', capabilities: { vision: true } })) });

function config(mistral: string, backup: string): object {
  return {
    providers: {
      mistral: { dialect: 'mistral', baseUrl: mistral, keys: [{ name: 'a', secret: 'env:KEY_A' }] },
      backup: { dialect: 'openai', baseUrl: backup, keys: [{ name: 'b', secret: 'env:KEY_B' }] },
    },
    routes: {
      fast: { pools: [[{ provider: 'mistral', model: 'mistral-small-latest' }]] },
      '*': { pools: [[{ provider: 'mistral' }]] },
    },
    auth: 'none',
  };
}

async function idsOf(response: Response): Promise<string[]> {
  const body = (await response.json()) as { object: string; data: { id: string }[] };
  expect(body.object).toBe('list');
  return body.data.map(({ id }) => id);
}

describe('the list of models', () => {
  test('holds the routes and what every provider lists, each once, asked for with the providers’ own keys', async () => {
    await using mistral = await openUpstream((_request, response) =>
      sayJson(response, list('mistral-small-latest', 'shared', 'fast')),
    );
    await using backup = await openUpstream((_request, response) => sayJson(response, list('gpt-5-mini', 'shared')));
    await using gateway = await openGateway(config(mistral.url, backup.url));
    const response = await fetch(`${gateway.dataUrl}/v1/models`, { headers: { 'x-request-id': 'm-1' } });
    expect(response.headers.get('x-request-id')).toBe('m-1');
    expect((await idsOf(response)).sort()).toEqual(['fast', 'gpt-5-mini', 'mistral-small-latest', 'shared']);
    expect(mistral.received[0]).toMatchObject({ url: '/v1/models', headers: { authorization: `Bearer ${ENV.KEY_A}` } });
    expect(backup.received[0]?.headers.authorization).toBe(`Bearer ${ENV.KEY_B}`);
  });

  test('is asked for once, however many ask meanwhile and within the minute', async () => {
    await using mistral = await openUpstream((_request, response) => sayJson(response, list('one')));
    await using gateway = await openGateway(config(mistral.url, mistral.url));
    const ask = () => fetch(`${gateway.dataUrl}/openai/v1/models`).then(idsOf);
    await Promise.all(Array.from({ length: 20 }, ask));
    await ask();
    expect(mistral.received).toHaveLength(2);
  });

  test.each([
    ['is down', '{"message":"x"}', 500],
    ['says something else', '<html>', 200],
    ['says null', 'null', 200],
    ['says a list of nonsense', '{"data":[1,null,{"id":7},"x"]}', 200],
  ])('leaves out a provider that %s', async (_what, body, status) => {
    await using mistral = await openUpstream((_request, response) => sayJson(response, body, status));
    await using backup = await openUpstream((_request, response) => sayJson(response, list('gpt-5-mini')));
    await using gateway = await openGateway(config(mistral.url, backup.url));
    const response = await fetch(`${gateway.dataUrl}/v1/models`);
    expect(response.status).toBe(200);
    expect((await idsOf(response)).sort()).toEqual(['fast', 'gpt-5-mini']);
  });

  test('leaves out a provider whose socket is closed', async () => {
    const gone = await openUpstream(() => undefined);
    await gone[Symbol.asyncDispose]();
    await using backup = await openUpstream((_request, response) => sayJson(response, list('gpt-5-mini')));
    await using gateway = await openGateway(config(gone.url, backup.url));
    expect((await idsOf(await fetch(`${gateway.dataUrl}/v1/models`))).sort()).toEqual(['fast', 'gpt-5-mini']);
  });
});

describe('one model', () => {
  const open = async () => {
    const mistral = await openUpstream((_request, response) => sayJson(response, list('mistral-small-latest', 'a/b')));
    const backup = await openUpstream((_request, response) => sayJson(response, list('gpt-5-mini')));
    const gateway = await openGateway(config(mistral.url, backup.url));
    return {
      mistral,
      ask: (path: string, method = 'GET') =>
        fetch(gateway.dataUrl + path, { method, headers: { 'x-request-id': 'm-1' } }),
      [Symbol.asyncDispose]: async () => {
        await gateway[Symbol.asyncDispose]();
        await Promise.all([mistral[Symbol.asyncDispose](), backup[Symbol.asyncDispose]()]);
      },
    };
  };

  test('is answered from the list under every prefix, routes included', async () => {
    await using set = await open();
    for (const prefix of ['/v1', '/v1/v1', '/mistral/v1', '/openai/v1']) {
      for (const id of ['fast', 'mistral-small-latest', 'gpt-5-mini', 'a/b']) {
        const response = await set.ask(`${prefix}/models/${encodeURIComponent(id)}`);
        expect([response.status, response.headers.get('x-request-id')]).toEqual([200, 'm-1']);
        const body: unknown = await response.json();
        expect(body).toMatchObject({ id, object: 'model', owned_by: expect.any(String) });
        if (prefix === '/mistral/v1') expect(body).toMatchObject({ capabilities: expect.any(Object), aliases: [] });
      }
    }
    expect(set.mistral.received).toHaveLength(1);
  });

  test('is a 404 when the list does not have it, and the vendor hears nothing of it', async () => {
    await using set = await open();
    for (const id of ['gpt-9', '__proto__', '100%', '*']) {
      const response = await set.ask(`/openai/v1/models/${id}`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'GW_UNKNOWN_MODEL' });
    }
    expect(set.mistral.received.map(({ url }) => url)).toEqual(['/v1/models']);
  });

  test('is deleted at the vendor', async () => {
    await using set = await open();
    const response = await set.ask('/mistral/v1/models/ft:one', 'DELETE');
    expect(response.status).toBe(200);
    expect(set.mistral.received).toMatchObject([{ method: 'DELETE', url: '/v1/models/ft:one' }]);
  });
});
