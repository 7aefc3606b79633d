import { answers, CAPACITY_BODY, MODEL_GONE_BODY, QUOTA_BODY, refuses, ScriptedExchange } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { onePool, outcomes } from './fixtures/one-pool.ts';

describe('what an outcome rules out', () => {
  it('passes a caller’s fault through once, unchanged, asking nobody else', async () => {
    const body = '{"object":"error","message":"Unexpected role","type":"invalid_request_message_order","code":"3230"}';
    const exchange = onePool({ a: refuses(400, body, { 'x-kept': '1' }), b: answers('hello') });
    const results: string[] = [];
    for (let round = 0; round < 6; round++) {
      const { done } = await exchange.run();
      if (done.end.kind !== 'answered') throw new Error(done.end.kind);
      results.push(`${done.attempts.length} ${done.end.reply.status}`);
      if (done.end.reply.status === 400) expect(done.end.reply.bytes.toString()).toBe(body);
    }
    expect([...new Set(results)].toSorted()).toEqual(['1 200', '1 400']);
  });

  it('never asks a sibling key of the same quota group after its quota was found empty', async () => {
    const exchange = onePool({
      'a:w1': refuses(429, QUOTA_BODY),
      'b:w1': refuses(429, QUOTA_BODY),
      'c:w2': answers('hello'),
    });
    for (let round = 0; round < 10; round++) expect((await exchange.run()).done.end.kind).toBe('answered');
    expect(exchange.keys.filter((key) => key !== 'c').length).toBeLessThanOrEqual(1);
  });

  it('says 429 with the time until the quota’s window ends when every group is empty', async () => {
    const exchange = onePool({ 'a:w1': refuses(429, QUOTA_BODY), 'b:w1': answers('never') });
    await exchange.clock.advance(20_000);
    const asked = exchange.keys.length;
    const results = await Promise.all([0, 1, 2].map(() => exchange.run()));
    const refused = results.flatMap(({ done }) => (done.end.kind === 'refused' ? [done.end.error] : []));
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'GW_QUOTA_EXHAUSTED', status: 429 });
      expect(error.retryAfterMs).toBeGreaterThan(39_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(40_000);
    }
    expect(asked).toBe(0);
  });

  it('keeps the other models of an empty quota group', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: {
          keys: ['a', 'b'].map((key) => `${key}:w1`),
          script: (call) => (call.model === 'large' ? refuses(429, QUOTA_BODY) : answers('hello')),
        },
      },
      pools: [['mistral/large'], ['mistral/medium']],
    });
    const { done } = await exchange.run();
    expect(exchange.calls.map(({ model }) => model)).toEqual(['large', 'medium']);
    expect(done.end).toMatchObject({ kind: 'answered', served: { poolIndex: 1 } });
  });

  it('asks another model, not another key, when a model is gone', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: {
          keys: ['a', 'b', 'c'],
          script: (call) => (call.model === 'old' ? refuses(400, MODEL_GONE_BODY) : answers('hello')),
        },
      },
      pools: [['mistral/old'], ['mistral/new']],
    });
    const { done } = await exchange.run();
    expect(exchange.calls.map(({ model }) => model)).toEqual(['old', 'new']);
    expect(done.end.kind).toBe('answered');
    await exchange.run();
    expect(exchange.calls.at(-1)?.model).toBe('new');
  });

  it('says that a model is unknown, not that it may come back, while the vendor’s word on it still holds', async () => {
    const exchange = onePool({ a: refuses(400, MODEL_GONE_BODY), b: refuses(400, MODEL_GONE_BODY) });
    await exchange.run();
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_UNKNOWN_MODEL' } });
    expect(exchange.calls).toHaveLength(1);
  });

  it('shows the vendor’s own words when every model is gone', async () => {
    const exchange = onePool({ a: refuses(400, MODEL_GONE_BODY), b: refuses(400, MODEL_GONE_BODY) });
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'answered', reply: { status: 400 } });
    expect(exchange.calls).toHaveLength(1);
  });

  it('goes to the next pool when the vendor is full, and blames no target', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: { keys: ['a', 'b', 'c'], script: () => refuses(429, CAPACITY_BODY) },
        backup: { dialect: 'openai', keys: ['z'], script: () => answers('hello') },
      },
      pools: [['mistral/large'], ['backup/gpt']],
    });
    for (let round = 0; round < 10; round++) {
      const { done } = await exchange.run();
      // Once it is known to be full, it is let be for a while.
      expect([['capacity', 'ok'], ['ok']]).toContainEqual(outcomes(done));
      expect([done.end.kind, done.waitedMs]).toEqual(['answered', 0]);
    }
    expect(exchange.calls[0]?.model).toBe('large');
    expect(exchange.scripted.trips.filter(({ reason }) => reason !== 'no-capacity')).toEqual([]);
  });

  it('asks the other keys of a full model at once when there is no other model to ask', async () => {
    const full = refuses(429, CAPACITY_BODY);
    const exchange = onePool({ a: full, b: full, c: answers('hello') });
    for (let round = 0; round < 10; round++) {
      const { done } = await exchange.run();
      expect([done.end.kind, done.waitedMs]).toEqual(['answered', 0]);
    }
  });

  it('tries a full vendor again after a wait when there is no other pool', async () => {
    let calls = 0;
    const exchange = onePool({ a: () => (++calls === 1 ? refuses(429, CAPACITY_BODY) : answers('hello')) });
    const { done } = await exchange.run();
    expect(outcomes(done)).toEqual(['capacity', 'ok']);
    expect(done.waitedMs).toBeGreaterThan(0);
  });

  it('puts a rejected key aside at once, for every model', async () => {
    const exchange = onePool({ a: refuses(401, { detail: 'Unauthorized' }), b: answers('hello') });
    for (let round = 0; round < 10; round++) expect((await exchange.run()).done.end.kind).toBe('answered');
    expect(exchange.keys.filter((key) => key === 'a').length).toBeLessThanOrEqual(1);
    expect(exchange.scripted.rejectedKeys.length).toBeLessThanOrEqual(1);
  });

  it('says so when every key was rejected', async () => {
    const exchange = onePool({ a: refuses(401, {}), b: refuses(401, {}) });
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_CREDENTIALS_REJECTED' } });
  });

  it('skips a provider whose dialect cannot say the request, without an attempt', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        backup: { dialect: 'openai', keys: ['y', 'z'], script: () => answers('never') },
        mistral: { keys: ['a'], script: () => answers('hello') },
      },
      pools: [['backup/gpt'], ['mistral/codestral']],
    });
    const fim = { surface: 'fim', body: { model: 'route', prompt: 'def f(', suffix: 'return a' } } as const;
    const { done } = await exchange.run(fim);
    expect([exchange.keys, done.attempts.length]).toEqual([['a'], 1]);
    expect(exchange.inFlight).toBe(0);
  });

  it('names what cannot be said when no other provider is left', async () => {
    const exchange = new ScriptedExchange({
      providers: { backup: { dialect: 'openai', keys: ['z'], script: () => answers('never') } },
      pools: [['backup/gpt']],
    });
    const { done } = await exchange.run({ surface: 'fim', body: { model: 'route', prompt: 'def f(' } });
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_UNTRANSLATABLE', status: 400 } });
  });
});
