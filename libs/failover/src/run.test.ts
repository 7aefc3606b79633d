import { answers, refuses, type Script, ScriptedExchange, SILENT, streams } from '@leeward/testkit';
import type { Member } from '@leeward/upstream';
import { describe, expect, it } from 'vitest';
import { FAILS, onePool, REFUSED, RESET } from './fixtures/one-pool.ts';
import { RetryBudget } from './retry-budget.ts';

describe('a whole answer', () => {
  it('comes from the first target that gives one', async () => {
    const exchange = onePool({ a: answers('hello') });
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'answered', reply: { status: 200 }, served: { attempts: 1, poolIndex: 0 } });
    expect(done.usage).toMatchObject({ promptTokens: 11, completionTokens: 10 });
    expect([exchange.inFlight, exchange.timersLeft]).toEqual([0, 0]);
  });

  it.each([
    ['is not there', REFUSED],
    ['resets', RESET],
    ['says 500', FAILS],
    ['sends a page', refuses(200, '<html></html>', { 'content-type': 'text/html' })],
    ['sends nothing', refuses(200, '')],
    ['sends half an answer', refuses(200, '{"id":"x","choices":[{"index":0')],
    ['sends an error under 200', refuses(200, { error: { code: 502, message: 'Provider returned error' } })],
    ['sends an answer without choices', refuses(200, { id: 'x', choices: [] })],
  ])('comes from a sibling, at once, when a target %s', async (_what, script) => {
    const exchange = onePool({ a: script, b: script, c: answers('hello') });
    const { done } = await exchange.run();
    expect(done.end.kind).toBe('answered');
    expect(done.waitedMs).toBe(0);
    expect(exchange.keys.at(-1)).toBe('c');
    expect(new Set(exchange.keys).size).toBe(exchange.keys.length);
    expect(exchange.inFlight).toBe(0);
  });

  it('never carries the headers of a failed attempt', async () => {
    const exchange = onePool({
      a: refuses(500, {}, { 'x-of-a': '1', 'x-ratelimit-remaining-req-minute': '0' }),
      b: answers('hello', { headers: { 'x-of-b': '1' } }),
    });
    for (let round = 0; round < 4; round++) {
      const { done } = await exchange.run();
      if (done.end.kind !== 'answered') throw new Error(done.end.kind);
      expect(Object.keys(done.end.reply.headers)).toEqual(['content-type', 'x-of-b']);
      expect(done.end.served.headers).toBe(done.end.reply.headers);
    }
  });

  it('larger than the bound is a fault, not a crash', async () => {
    const exchange = onePool({ a: answers('x'.repeat(5000)) }, { maxAnswerBytes: 1000, retries: { maxAttempts: 1 } });
    const { done } = await exchange.run();
    expect(done.attempts[0]?.outcome).toMatchObject({ kind: 'fault', reason: 'oversized' });
    expect(exchange.calls[0]?.aborted).toBe(true);
  });
});

describe('how often is tried', () => {
  it('asks no more targets of a pool than attemptsPerPool, then the next pool', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: { keys: ['a', 'b', 'c', 'd', 'e'], script: () => RESET },
        backup: { dialect: 'openai', keys: ['z'], script: () => answers('hello') },
      },
      pools: [['mistral/large'], ['backup/gpt']],
      retries: { attemptsPerPool: 3 },
    });
    const { done } = await exchange.run();
    expect(exchange.calls).toHaveLength(4);
    expect(done.attempts.map(({ cause }) => cause)).toEqual(['first', 'sibling', 'sibling', 'next-pool']);
    expect(done.end).toMatchObject({ kind: 'answered', served: { poolIndex: 1, attempts: 4 } });
  });

  it.each([1, 2, 5, 7])('never makes more attempts than maxAttempts (%i)', async (maxAttempts) => {
    const exchange = onePool({ a: RESET, b: RESET, c: RESET }, { retries: { maxAttempts } });
    const { done } = await exchange.run();
    expect(exchange.calls).toHaveLength(maxAttempts);
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_UPSTREAM_FAILED' } });
  });

  it('does not ask one target twice in a pass because two pools hold it', async () => {
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a'], script: () => RESET } },
      pools: [['mistral/large'], ['mistral/large']],
      budget: (clock) => new RetryBudget(clock, { share: 0, perSecond: 0, maxBalance: 0 }),
    });
    await exchange.run();
    expect(exchange.calls).toHaveLength(1);
  });

  it('goes over the pools again after a jittered wait', async () => {
    let calls = 0;
    const exchange = onePool({ a: () => (++calls < 3 ? RESET : answers('hello')) }, { retries: { backoffMs: 100 } });
    const { done } = await exchange.run();
    expect(done.end.kind).toBe('answered');
    expect(done.attempts.map(({ cause }) => cause)).toEqual(['first', 'another-pass', 'another-pass']);
    expect(done.waitedMs).toBeGreaterThan(0);
    expect(done.waitedMs).toBeLessThanOrEqual(100 + 200);
  });

  it('does not repeat in an outage once the budget is spent, yet still reaches a healthy sibling', async () => {
    let healthy = false;
    const exchange = onePool(
      { a: RESET, b: () => (healthy ? answers('hello') : RESET) },
      {
        budget: (clock: ScriptedExchange['clock']) => new RetryBudget(clock, { share: 0, perSecond: 2, maxBalance: 2 }),
        breaker: {},
      },
    );
    const first = await exchange.run({ deadlineMs: 1500 });
    expect(first.done.end.kind).toBe('refused');
    while (exchange.budget.withdraw());
    const before = exchange.calls.length;
    const second = await exchange.run({ deadlineMs: 400 });
    expect(second.done.attempts.every(({ cause }) => cause !== 'another-pass')).toBe(true);
    expect(exchange.calls.length - before).toBeLessThanOrEqual(2);
    while (exchange.budget.withdraw());
    healthy = true;
    await exchange.clock.advance(5000);
    while (exchange.budget.withdraw());
    const third = await exchange.run();
    expect(third.done.end.kind).toBe('answered');
  });

  it('does not wait again and again for a key whose one probe is another exchange’s', async () => {
    let calls = 0;
    const exchange = onePool({ a: () => (++calls === 1 ? refuses(401, {}) : SILENT) });
    await exchange.run();
    expect(exchange.scripted.rejectedKeys).toHaveLength(1);
    await exchange.clock.advance(600_000);
    const probe = exchange.start();
    await exchange.clock.advance(1);
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_CREDENTIALS_REJECTED' } });
    expect([done.attempts.length, done.waitedMs <= 200]).toEqual([0, true]);
    probe.client.leave();
    await exchange.clock.advance(0);
    expect([probe.ended.report?.end.kind, exchange.timersLeft]).toEqual(['cancelled', 0]);
  });

  it('never asks sooner than retry-after says', async () => {
    let calls = 0;
    const exchange = onePool({
      a: () => (++calls === 1 ? refuses(503, '', { 'retry-after': '3' }) : answers('hello')),
    });
    const { done } = await exchange.run();
    expect(done.end.kind).toBe('answered');
    expect((exchange.calls[1]?.atMs ?? 0) - (exchange.calls[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(3000);
  });

  it('does not hold the client when retry-after is longer than it would wait, but tells it', async () => {
    const exchange = onePool({ a: refuses(503, '', { 'retry-after': '30' }) });
    const { done } = await exchange.run();
    expect(exchange.calls).toHaveLength(1);
    if (done.end.kind !== 'refused') throw new Error(done.end.kind);
    expect(done.end.error.retryAfterMs).toBeGreaterThan(29_000);
    expect(done.endedAtMs).toBeLessThan(100);
  });

  it('waits no longer than the deadline allows', async () => {
    const exchange = onePool({ a: refuses(503, '', { 'retry-after': '3' }) });
    const { done } = await exchange.run({ deadlineMs: 2000 });
    expect(exchange.calls).toHaveLength(1);
    expect(done.endedAtMs).toBeLessThan(100);
  });

  it('asks nobody when the deadline has passed before it began', async () => {
    const exchange = onePool({ a: answers('hello') });
    const { done } = await exchange.run({ deadlineMs: 0 });
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_DEADLINE', status: 504 } });
    expect(exchange.calls).toEqual([]);
  });
});

describe('the picker', () => {
  it('is told the affinity of the exchange, for every pick', async () => {
    const told: (string | undefined)[] = [];
    const exchange = onePool(
      { a: RESET, b: answers('hello') },
      {
        picker: {
          name: 'in-order',
          pick: (pool: readonly Member[], skip: (member: Member) => boolean, affinity?: string) => {
            told.push(affinity);
            return pool.find((member) => !skip(member));
          },
        },
      },
    );
    await exchange.run({ affinity: 'session-7' });
    await exchange.run();
    expect(told).toEqual(['session-7', 'session-7', undefined, undefined]);
    expect(exchange.keys).toEqual(['a', 'b', 'a', 'b']);
  });
});

describe('a client that leaves', () => {
  const phases: [string, Script, number][] = [
    ['while connecting', [], 5],
    ['while waiting for the head', SILENT, 5],
    [
      'while the answer comes',
      [{ do: 'connect' }, { do: 'head', status: 200, headers: { 'content-type': 'application/json' } }],
      5,
    ],
    ['while a refusal comes', [{ do: 'connect' }, { do: 'head', status: 500, headers: {} }], 5],
  ];
  it.each(phases)(
    '%s cancels the upstream call at once and nothing more is asked',
    async (_phase, script, leaveAtMs) => {
      const exchange = onePool({ a: script, b: script });
      const { client, ended } = exchange.start();
      await exchange.clock.advance(leaveAtMs);
      client.leave();
      await exchange.clock.advance(0);
      expect(ended.report?.end).toEqual({ kind: 'cancelled' });
      expect(exchange.calls.map(({ abortedAtMs }) => abortedAtMs)).toEqual([leaveAtMs]);
      await exchange.clock.advance(100_000);
      expect([exchange.calls.length, exchange.inFlight, exchange.clock.pending]).toEqual([1, 0, 0]);
    },
  );

  it('during a backoff ends it at once', async () => {
    const exchange = onePool({ a: refuses(503, '', { 'retry-after': '4' }) });
    const { client, ended } = exchange.start();
    await exchange.clock.advance(1000);
    expect(ended.report).toBeUndefined();
    client.leave();
    await exchange.clock.advance(0);
    expect(ended.report).toMatchObject({ end: { kind: 'cancelled' }, endedAtMs: 1000 });
    expect([exchange.calls.length, exchange.clock.pending]).toEqual([1, 0]);
  });

  it('before anything was asked costs no call', async () => {
    const exchange = onePool({ a: answers('hello') });
    const asked = exchange.start({ stream: true });
    asked.client.leave();
    await exchange.clock.advance(10);
    expect(asked.ended.report?.end.kind).toBe('cancelled');
    expect(exchange.calls.every((call) => !call.open)).toBe(true);
  });

  it('does not count against the target', async () => {
    const exchange = onePool({ a: SILENT });
    for (let round = 0; round < 20; round++) {
      const { client } = exchange.start();
      await exchange.clock.advance(1);
      client.leave();
      await exchange.clock.advance(1);
    }
    expect(exchange.scripted.trips).toEqual([]);
    expect(exchange.pools[0]?.[0]?.available).toBe(true);
  });
});

describe('exchanges beside each other', () => {
  it('time out each by itself: one attempt’s end touches no other', async () => {
    const exchange = onePool(
      { a: (call) => (call.json['slow'] === 1 ? SILENT : streams(Array(50).fill('x'), { gapMs: 100 })) },
      { timeouts: { firstTokenMs: 1000 }, retries: { maxAttempts: 1 } },
    );
    const slow = exchange.start({ stream: true, body: { slow: 1 } });
    const fine = exchange.start({ stream: true });
    await exchange.clock.advance(20_000);
    expect(slow.ended.report?.attempts[0]?.outcome).toMatchObject({ reason: 'first-token-timeout' });
    expect(fine.client.said).toBe('x'.repeat(50));
    expect(fine.client.endedWell).toBe(true);
  });

  it('open the breaker of a target that fails, and the sibling takes the traffic', async () => {
    const exchange = onePool({ a: FAILS, b: answers('hello') });
    for (let round = 0; round < 100; round++) expect((await exchange.run()).done.end.kind).toBe('answered');
    expect(exchange.scripted.trips.map(({ target }) => target)).toEqual(
      exchange.scripted.trips.map(() => 'mistral/a/large'),
    );
    expect(exchange.scripted.trips[0]?.reason).toBe('consecutive-faults');
    expect(exchange.keys.filter((key) => key === 'a').length).toBeLessThan(12);
  });
});
