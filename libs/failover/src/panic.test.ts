import { answers, type Script, ScriptedExchange, SILENT, seededRng, streams } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { REFUSED } from './fixtures/one-pool.ts';
import { pickInPanic } from './panic.ts';

/** Two pools, whose every breaker is made to open. */
async function allDown(scripts: { first: () => Script; second: () => Script }, more: object = {}) {
  let isDown = true;
  const exchange = new ScriptedExchange({
    providers: {
      mistral: { keys: ['a', 'b'], script: () => (isDown ? REFUSED : scripts.first()) },
      backup: { dialect: 'openai', keys: ['z'], script: () => (isDown ? REFUSED : scripts.second()) },
    },
    pools: [['mistral/large'], ['backup/gpt']],
    ...more,
  });
  const targets = exchange.pools.flat().map(({ target }) => target);
  for (let round = 0; round < 50 && targets.some(({ state }) => state === 'available'); round++) {
    await exchange.run({ deadlineMs: 100 });
  }
  expect(targets.map(({ state }) => state)).toEqual(['breaker-open', 'breaker-open', 'breaker-open']);
  isDown = false;
  return { exchange, targets, before: exchange.calls.length };
}

const HELLO = { first: () => answers('hello'), second: () => answers('hello') };

describe('when every target’s health speaks against it', () => {
  it('one of the last pool is asked all the same, and its answer is the client’s', async () => {
    const { exchange, before } = await allDown(HELLO);
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'answered', served: { poolIndex: 1, attempts: 1 } });
    expect(done.attempts.map(({ cause }) => cause)).toEqual(['panic']);
    expect([exchange.keys.slice(before), done.waitedMs, exchange.inFlight]).toEqual([['z'], 0, 0]);
  });

  it('one of an earlier pool is asked when nobody of the last one can be', async () => {
    const { exchange, targets, before } = await allDown(HELLO);
    targets[2]?.drain();
    const { done } = await exchange.run();
    expect(done.end).toMatchObject({ kind: 'answered', served: { poolIndex: 0 } });
    const [asked] = exchange.keys.slice(before);
    const soonest = targets.slice(0, 2).toSorted((one, other) => one.freeInMs - other.freeInMs)[0];
    if (soonest?.freeInMs !== 0) expect(asked).toBe(soonest?.key.name);
  });

  it('streams too', async () => {
    const { exchange } = await allDown({ ...HELLO, second: () => streams(['hel', 'lo']) });
    const { client, done } = await exchange.run({ stream: true });
    expect([client.said, client.endedWell, done.attempts.length]).toEqual(['hello', true, 1]);
  });

  it('nobody is asked a second time when that fails', async () => {
    const { exchange, before } = await allDown(
      { first: () => REFUSED, second: () => REFUSED },
      { retries: { maxBackoffMs: 1 } },
    );
    const { done } = await exchange.run();
    expect(done.attempts.map(({ cause }) => cause)).toEqual(['panic']);
    expect([done.end.kind, exchange.keys.slice(before)]).toEqual(['refused', ['z']]);
  });

  it('a client that leaves ends that attempt as any other', async () => {
    const { exchange } = await allDown({ ...HELLO, second: () => SILENT });
    const { client, ended } = exchange.start();
    await exchange.clock.advance(1);
    client.leave();
    await exchange.clock.advance(0);
    expect([ended.report?.end.kind, exchange.inFlight, exchange.calls.at(-1)?.aborted]).toEqual(['cancelled', 0, true]);
  });

  it('a provider that cannot be told the request is not asked', async () => {
    const { exchange, before } = await allDown(HELLO);
    const { done } = await exchange.run({
      surface: 'fim',
      body: { model: 'route', prompt: 'def f(', suffix: 'return' },
    });
    expect(done.attempts.map(({ cause, poolIndex }) => `${cause} ${poolIndex}`)).toEqual(['panic 0']);
    expect(exchange.keys.slice(before)).not.toContain('z');
  });
});

describe('nobody is asked in panic', () => {
  it('by an exchange that has asked somebody, though that closed the last door', async () => {
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a', 'b'], script: () => REFUSED } },
      pools: [['mistral/large']],
      retries: { maxAttempts: 100, maxBackoffMs: 1 },
    });
    const targets = exchange.pools.flat().map(({ target }) => target);
    for (let round = 0; round < 50 && targets.some(({ available }) => available); round++) {
      const causes = (await exchange.run()).done.attempts.map(({ cause }) => cause);
      expect([causes[0], causes.includes('panic')]).toEqual(['first', false]);
    }
    expect(targets.every(({ canPanic }) => canPanic)).toBe(true);
  });

  it('in spite of a rejected key or an operator’s wish', async () => {
    const { exchange, targets, before } = await allDown(HELLO);
    for (const target of targets) target.drain();
    const { done } = await exchange.run();
    expect([done.end.kind, done.attempts.length, exchange.calls.length - before]).toEqual(['refused', 0, 0]);
  });
});

describe('pickInPanic', () => {
  it('picks evenly among those that are free equally soon', async () => {
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a', 'b', 'c', 'd'], script: () => [] } },
      pools: [['mistral/large']],
    });
    for (const [index, { target }] of (exchange.pools[0] ?? []).entries()) {
      Object.defineProperty(target, 'canPanic', { value: true });
      Object.defineProperty(target, 'freeInMs', { value: index === 0 ? 900 : 500 });
    }
    const counts = new Map<string, number>();
    const rng = seededRng(2);
    for (let pick = 0; pick < 3000; pick++) {
      const key = pickInPanic(exchange.pools, () => true, rng)?.member.target.key.name ?? '';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual(['b', 'c', 'd']);
    // One standard deviation of a fair share of 3,000 is 26.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});
