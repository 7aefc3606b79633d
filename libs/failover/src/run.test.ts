import {
  answers,
  CAPACITY_BODY,
  MODEL_GONE_BODY,
  QUOTA_BODY,
  refuses,
  type Script,
  type ScriptedCall,
  ScriptedExchange,
  SILENT,
  streams,
} from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

const REFUSED: Script = [{ do: 'refuse' }];
const RESET: Script = [{ do: 'connect' }, { do: 'reset' }];
const FAILS = refuses(500, { detail: 'Internal Server Error' });

/** One provider whose keys each have a script, in one pool. */
function onePool(
  scripts: Record<string, Script | ((call: ScriptedCall) => Script)>,
  more: object = {},
): ScriptedExchange {
  return new ScriptedExchange({
    providers: { mistral: { keys: Object.keys(scripts), script: (call) => play(scripts, call) } },
    pools: [['mistral/large']],
    ...more,
  });
}

function play(scripts: Record<string, Script | ((call: ScriptedCall) => Script)>, call: ScriptedCall): Script {
  const script = scripts[call.key.replace(/:.*/, '')] ?? scripts[call.key] ?? named(scripts, call.key);
  return typeof script === 'function' ? script(call) : (script ?? []);
}

/** Keys of a scenario may carry their quota group: `a:workspace-1`. */
function named<Value>(scripts: Record<string, Value>, key: string): Value | undefined {
  return Object.entries(scripts).find(([name]) => name.startsWith(`${key}:`))?.[1];
}

function outcomes(report: { attempts: readonly { outcome: { kind: string } }[] }): string[] {
  return report.attempts.map(({ outcome }) => outcome.kind);
}

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

  it('does not wait again and again for a target whose one probe is another exchange’s', async () => {
    let calls = 0;
    const exchange = onePool({ a: () => (++calls <= 5 ? REFUSED : SILENT) }, { retries: { maxAttempts: 5 } });
    await exchange.run();
    expect(exchange.scripted.trips).toHaveLength(1);
    await exchange.clock.advance(5000);
    const probe = exchange.start();
    await exchange.clock.advance(1);
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'refused', error: { code: 'GW_NO_TARGET', status: 503 } });
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
      expect(outcomes(done)).toEqual(['capacity', 'ok']);
    }
    expect(exchange.scripted.trips).toEqual([]);
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
