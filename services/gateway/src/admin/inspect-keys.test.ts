import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@leeward/kernel';
import { startSimulator } from '@leeward/mistral-sim';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { inspectKeys, type KeyReport, percentile } from './inspect-keys.ts';
import { keysTable } from '../cli/keys-table.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

type Answer = (seen: Seen, response: ServerResponse) => void;

/** A provider that answers as told, and remembers what it was asked. */
async function provider(answer: Answer): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      const one = { path: `${request.method} ${request.url}`, authorization: request.headers.authorization, body };
      seen.push(one);
      answer(one, response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen };
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const MODELS = {
  data: [
    { id: 'mistral-embed', capabilities: { completion_chat: false } },
    { id: 'mistral-large-2512', aliases: ['mistral-large-latest'], capabilities: { completion_chat: true } },
    { id: 'mistral-small-2603', aliases: ['mistral-small-latest'], capabilities: { completion_chat: true } },
  ],
};
const RATE = { 'x-ratelimit-limit-req-minute': '720', 'x-ratelimit-remaining-req-minute': '719', 'set-cookie': 'a=b' };

/** Like Mistral: the good key may, any other may not. */
const likeMistral: Answer = ({ path, authorization }, response) => {
  if (authorization !== 'Bearer good-secret') json(response, 401, { detail: `Unauthorized ${authorization}` });
  else if (path === 'GET /v1/models') json(response, 200, MODELS);
  else json(response, 200, { choices: [] }, RATE);
};

const DEFAULT_ROUTES = { '*': { pools: [[{ provider: 'p' }]] } };

interface Asked {
  readonly url: string;
  readonly routes?: object;
  readonly dialect?: string;
  readonly requests?: number;
  readonly timeoutMs?: number;
}

async function inspect({ url, routes = DEFAULT_ROUTES, dialect = 'mistral', requests = 3, timeoutMs = 10_000 }: Asked) {
  const keys = [
    { name: 'good', secret: 'env:GOOD' },
    { name: 'bad', secret: 'env:BAD' },
  ];
  const text = JSON.stringify({ providers: { p: { dialect, baseUrl: url, keys } }, routes });
  const env = { GOOD: 'good-secret', BAD: 'bad-secret' };
  const result = await loadConfig({ text }, { env, readFile: () => Promise.reject(new Error('no files')) });
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result.problems));
  return inspectKeys(result.settings, { requests, timeoutMs }, systemClock, new AbortController().signal);
}

function chats(seen: readonly Seen[]): unknown[] {
  return seen.filter(({ path }) => path === 'POST /v1/chat/completions').map(({ body }): unknown => JSON.parse(body));
}

describe('the inspection of keys', () => {
  it('tells valid from rejected, with models, quota and latency of the valid one', async () => {
    const { url, seen } = await provider(likeMistral);
    const [good, bad] = await inspect({ url });
    expect(good).toMatchObject({ provider: 'p', key: 'good', state: 'valid', reason: undefined, models: { count: 5 } });
    expect(good?.models.names).toEqual(expect.arrayContaining(['mistral-small-2603', 'mistral-large-latest']));
    expect(good?.quota).toMatchObject({
      'x-ratelimit-limit-req-minute': '720',
      'x-ratelimit-remaining-req-minute': '719',
    });
    const { p50Ms, p95Ms, ...counts } = good?.latency ?? {};
    expect(counts).toEqual({ model: 'mistral-small-2603', requests: 3, succeeded: 3 });
    expect(p95Ms).toBeGreaterThanOrEqual(p50Ms ?? Number.NaN);
    expect(good?.quota).not.toHaveProperty('set-cookie');
    expect(bad).toMatchObject({ state: 'rejected', reason: 'status 401', models: { count: 0 }, latency: undefined });
    expect(chats(seen)).toHaveLength(3);
  });

  it('asks for one token of the first chat model that the routes want', async () => {
    const { url, seen } = await provider(likeMistral);
    const routes = {
      'mistral-embed': { pools: [[{ provider: 'p' }]] },
      big: { pools: [[{ provider: 'p', model: 'mistral-large-latest' }]] },
    };
    await inspect({ url, routes, requests: 1 });
    expect(chats(seen)).toEqual([
      { model: 'mistral-large-latest', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 },
    ]);
  });

  it('speaks OpenAI’s newer name for the bound on tokens to such a provider', async () => {
    const { url, seen } = await provider(likeMistral);
    await inspect({ url, dialect: 'openai', requests: 1 });
    expect(chats(seen)).toEqual([expect.objectContaining({ max_completion_tokens: 16 })]);
  });

  it('judges by a chat where there is no list of models', async () => {
    const { url } = await provider((seen, response) => {
      if (seen.path === 'GET /v1/models') json(response, 404, {});
      else likeMistral(seen, response);
    });
    const routes = { chat: { pools: [[{ provider: 'p', model: 'm' }]] } };
    expect((await inspect({ url, routes })).map(({ state }) => state)).toEqual(['valid', 'rejected']);
  });

  it('counts refused chats out of the latency', async () => {
    let chat = 0;
    const { url } = await provider((seen, response) => {
      if (seen.path !== 'GET /v1/models' && chat++ % 2 === 0) json(response, 429, {});
      else likeMistral(seen, response);
    });
    expect((await inspect({ url, requests: 4 }))[0]?.latency).toMatchObject({ requests: 4, succeeded: 2 });
  });

  it('calls a provider unreachable that refuses, hangs, or sends without end', async () => {
    const refusing = await provider(likeMistral);
    servers.splice(0).forEach((server) => server.close());
    expect(await inspect({ url: refusing.url })).toMatchObject([{ state: 'unreachable', reason: 'ECONNREFUSED' }, {}]);

    const silent = await provider(() => undefined);
    expect(await inspect({ url: silent.url, timeoutMs: 50 })).toMatchObject([
      { state: 'unreachable', reason: 'timeout' },
      {},
    ]);

    const endless = await provider((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await inspect({ url: endless.url })).toMatchObject([{ state: 'unreachable', reason: 'TOO_LARGE' }, {}]);
  });

  it('does not carry a key along a redirect', async () => {
    const elsewhere = await provider(likeMistral);
    const { url } = await provider((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    expect(await inspect({ url })).toMatchObject([{ state: 'unclear', reason: 'status 307' }, {}]);
    expect(elsewhere.seen).toEqual([]);
  });

  it('shows no secret, though the provider repeats it', async () => {
    const { url } = await provider(likeMistral);
    const reports = await inspect({ url });
    expect(JSON.stringify(reports) + keysTable(reports).join('\n')).not.toMatch(/good-secret|bad-secret/);
  });

  it('shows no model name that could garble a terminal', async () => {
    const { url } = await provider((seen, response) => {
      if (seen.path === 'GET /v1/models')
        json(response, 200, { data: [{ id: '\u001b[31mred' }, { id: 7 }, null, { id: 'plain' }] });
      else likeMistral(seen, response);
    });
    expect((await inspect({ url }))[0]?.models).toEqual({ count: 1, names: ['plain'] });
  });
});

describe('before the simulator', () => {
  it('tells of each workspace’s key what it is worth, with the quota that is left after the inspection', async () => {
    const simulator = await startSimulator({
      workspaces: {
        plenty: { keys: ['good-secret'], limits: {} },
        none: {
          keys: ['bad-secret'],
          limits: { 'mistral-large-latest': { requestsPerMinute: 0, tokensPerMinute: null } },
        },
      },
    });
    const routes = { 'mistral-large-latest': { pools: [[{ provider: 'p' }]] } };
    try {
      const [plenty, none] = await inspect({ url: simulator.mistralUrl, routes });
      expect(plenty).toMatchObject({
        state: 'valid',
        quota: {
          'x-ratelimit-limit-req-minute': '720',
          'x-ratelimit-remaining-req-minute': expect.stringMatching(/^71[789]$/),
        },
        latency: { model: 'mistral-large-latest', requests: 3, succeeded: 3 },
      });
      expect(plenty?.models.names).toContain('mistral-large-latest');
      // A good key whose plan does not allow what the routes want.
      expect(none).toMatchObject({ state: 'valid', latency: { succeeded: 0, p50Ms: undefined } });
    } finally {
      await simulator.close();
    }
  });
});

describe('percentile', () => {
  it('is the nearest rank, and nothing of nothing', () => {
    expect(percentile([5, 1, 4, 2, 3], 0.5)).toBe(3);
    expect(percentile([5, 1, 4, 2, 3], 0.95)).toBe(5);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.5)).toBeUndefined();
  });
});

describe('the table of keys', () => {
  it('has a row for each key, and a line of models for the keys that may use the same', () => {
    const names = Array.from({ length: 3 }, (_, n) => `model-${n}`);
    const reports: KeyReport[] = [
      {
        provider: 'mistral',
        key: 'w1-a',
        state: 'valid',
        reason: undefined,
        models: { count: 30, names },
        quota: { 'x-ratelimit-limit-req-minute': '720', 'x-ratelimit-remaining-req-minute': '719' },
        latency: { model: 'model-1', requests: 5, succeeded: 5, p50Ms: 210.4, p95Ms: 380.6 },
      },
      {
        provider: 'mistral',
        key: 'w2-a',
        state: 'valid',
        reason: undefined,
        models: { count: 30, names },
        quota: {},
        latency: { model: 'model-1', requests: 5, succeeded: 0, p50Ms: undefined, p95Ms: undefined },
      },
      {
        provider: 'backup',
        key: 'main',
        state: 'rejected',
        reason: 'status 401',
        models: { count: 0, names: [] },
        quota: {},
        latency: undefined,
      },
    ];
    expect(keysTable(reports)).toEqual([
      'provider  key   state                  models  p50     p95     model            quota left',
      'mistral   w1-a  valid                  30      210 ms  381 ms  model-1, 5 of 5  req-minute 719/720',
      'mistral   w2-a  valid                  30      -       -       model-1, 0 of 5  -',
      'backup    main  rejected (status 401)  -       -       -       -                -',
      'models of mistral/w1-a, mistral/w2-a: model-0, model-1, model-2, and 27 more',
    ]);
  });
});
