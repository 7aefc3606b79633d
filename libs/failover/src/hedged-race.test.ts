/** Streams whose first token is late, on routes that hedge. The first call plays the first script, and so on. */
import type { Picker } from '@leeward/balancer';
import { refuses, type Script, type ScriptedCall, ScriptedExchange, SILENT, streams } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { REFUSED, RESET } from './fixtures/one-pool.ts';
import { taughtHedging } from './fixtures/taught-hedging.ts';

const PATIENCE_MS = 100;

function hedged(scripts: readonly Script[], more: object = {}): ScriptedExchange {
  return taughtHedging(
    new ScriptedExchange({
      providers: {
        mistral: {
          keys: ['a', 'b', 'c'],
          script: (_call, number) => scripts[Math.min(number, scripts.length - 1)] ?? [],
        },
      },
      pools: [['mistral/large']],
      hedge: {},
      ...more,
    }),
    PATIENCE_MS,
  );
}

function after(ms: number, script: Script): Script {
  return [{ do: 'connect' }, { do: 'wait', ms }, ...script.slice(1)];
}

/** The first key that may be asked. */
const IN_ORDER: Picker = {
  name: 'in-order',
  pick: (candidates, skip) => candidates.find((candidate) => candidate.available && !skip(candidate)),
};

const HELLO = streams(['Hel', 'lo']);

function ends(
  exchange: ScriptedExchange,
  { done }: { done: { attempts: readonly { cause: string; outcome: { kind: string } }[] } },
) {
  expect([exchange.inFlight, exchange.timersLeft, exchange.calls.filter((call) => call.open).length]).toEqual([
    0, 0, 0,
  ]);
  return done.attempts.map(({ cause, outcome }) => `${cause}: ${outcome.kind}`);
}

describe('a stream whose first token is late', () => {
  it('comes from a hedge that is faster, and the first attempt ends at that moment', async () => {
    const exchange = hedged([SILENT, after(50, HELLO)]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: cancelled', 'hedge: ok']);
    expect([asked.client.said, asked.client.endedWell]).toEqual(['Hello', true]);
    expect(asked.done.end).toMatchObject({ kind: 'streamed', served: { attempts: 2 } });
    const hedgedAtMs = exchange.calls[1]?.atMs ?? 0;
    expect(Math.abs(hedgedAtMs / PATIENCE_MS - 1)).toBeLessThan(0.05);
    expect(exchange.calls[0]?.abortedAtMs).toBe(hedgedAtMs + 50);
    expect(asked.done.firstTokenAtMs).toBe(hedgedAtMs + 50);
    expect(new Set(exchange.keys).size).toBe(2);
  });

  it('comes from the first attempt when that is faster after all, and the hedge ends at that moment', async () => {
    const exchange = hedged([after(300, HELLO), SILENT]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['hedge: cancelled', 'first: ok']);
    expect([asked.client.said, asked.client.endedWell]).toEqual(['Hello', true]);
    expect(exchange.calls[1]?.abortedAtMs).toBe(300);
  });

  it('goes on waiting for the hedge when the first attempt fails meanwhile', async () => {
    const exchange = hedged([after(200, RESET), after(900, HELLO)]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: fault', 'hedge: ok']);
    expect([asked.client.said, asked.done.waitedMs]).toEqual(['Hello', 0]);
  });

  it('goes on waiting for the first attempt when the hedge fails', async () => {
    const exchange = hedged([after(900, HELLO), REFUSED]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['hedge: fault', 'first: ok']);
    expect(asked.client.said).toBe('Hello');
  });

  it('is asked of the next sibling, at once, when both fail', async () => {
    const exchange = hedged([after(200, RESET), after(300, RESET), HELLO]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: fault', 'hedge: fault', 'sibling: ok']);
    expect([asked.client.said, asked.done.waitedMs]).toEqual(['Hello', 0]);
    expect(new Set(exchange.keys).size).toBe(3);
  });

  it('is hedged once in an exchange, whatever follows', async () => {
    const turns = [after(200, RESET), after(300, RESET), after(500, HELLO)];
    const exchange = hedged([], {
      providers: {
        mistral: { keys: ['a', 'b', 'c', 'd'], script: (_call: unknown, number: number) => turns[number] ?? HELLO },
      },
      retries: { attemptsPerPool: 4 },
    });
    for (let paid = 0; paid < 100; paid++) exchange.hedging?.budget.deposit();
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: fault', 'hedge: fault', 'sibling: ok']);
  });

  it('leaves no timer behind when it has ended before it was late', async () => {
    const exchange = hedged([after(20, HELLO)]);
    const { ended } = exchange.start({ stream: true });
    await exchange.clock.advance(20);
    expect([ended.report?.end.kind, exchange.timersLeft]).toEqual(['streamed', 0]);
  });

  it('may be hedged at a sibling when the first attempt failed fast', async () => {
    const exchange = hedged([REFUSED, SILENT, HELLO]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: fault', 'sibling: cancelled', 'hedge: ok']);
  });

  it('ends for both when the upstream says that the caller is at fault', async () => {
    const exchange = hedged([after(200, refuses(400, { message: 'no' })), SILENT]);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: caller-fault', 'hedge: cancelled']);
    expect(asked.done.end).toMatchObject({ kind: 'answered', reply: { status: 400 } });
    expect(exchange.calls[1]?.abortedAtMs).toBe(200);
  });

  it('ends for both when the client leaves', async () => {
    const exchange = hedged([SILENT, SILENT]);
    const { client, ended } = exchange.start({ stream: true });
    await exchange.clock.advance(150);
    client.leave();
    await exchange.clock.advance(0);
    if (ended.report === undefined) throw new Error('not ended');
    expect(ends(exchange, { done: ended.report })).toEqual(['first: cancelled', 'hedge: cancelled']);
    expect(ended.report.end.kind).toBe('cancelled');
    expect(exchange.calls.map(({ abortedAtMs }) => abortedAtMs)).toEqual([150, 150]);
  });

  it('ends for both at the deadline', async () => {
    const exchange = hedged([SILENT, SILENT], { retries: { attemptsPerPool: 2 } });
    const asked = await exchange.run({ stream: true, deadlineMs: 1500 });
    expect(ends(exchange, asked)).toHaveLength(2);
    expect(asked.done).toMatchObject({ end: { kind: 'refused', error: { code: 'GW_DEADLINE' } }, endedAtMs: 1500 });
  });

  it('is continued by the one that lost when the one that won breaks off', async () => {
    const breaks: Script = [...HELLO.slice(0, 5), { do: 'reset' }];
    const exchange = hedged([SILENT, breaks, HELLO], {
      providers: {
        mistral: {
          keys: ['a', 'b'],
          script: (_call: unknown, number: number) => [SILENT, breaks, HELLO][number] ?? [],
        },
      },
    });
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: cancelled', 'hedge: fault', 'resume: ok']);
    expect([asked.client.said, asked.client.endedWell, asked.done.waitedMs]).toEqual(['Hello', true, 0]);
    expect(exchange.keys[2]).toBe(exchange.keys[0]);
  });

  it('does not count against the target that lost', async () => {
    const exchange = hedged([], {
      providers: {
        mistral: { keys: ['a', 'b'], script: (_call: unknown, number: number) => (number % 2 === 0 ? SILENT : HELLO) },
      },
    });
    for (let round = 0; round < 30; round++) {
      for (let paid = 0; paid < 20; paid++) exchange.hedging?.budget.deposit();
      taughtHedging(exchange, PATIENCE_MS);
      expect(ends(exchange, await exchange.run({ stream: true }))).toEqual(['first: cancelled', 'hedge: ok']);
    }
    expect(exchange.scripted.trips).toEqual([]);
  });
});

describe('a hedge at a target whose breaker is half-open', () => {
  it('is its probe, and proves nothing when it loses', async () => {
    let isDown = true;
    const exchange = hedged([], {
      providers: {
        mistral: {
          keys: ['a', 'b'],
          script: ({ key }: ScriptedCall) => (key === 'a' ? after(500, HELLO) : isDown ? REFUSED : SILENT),
        },
      },
      picker: IN_ORDER,
    });
    const b = exchange.pools[0]?.find(({ target }) => target.key.name === 'b')?.target;
    for (let round = 0; exchange.scripted.trips.length === 0 && round < 50; round++) {
      for (let paid = 0; paid < 20; paid++) exchange.hedging?.budget.deposit();
      taughtHedging(exchange, PATIENCE_MS);
      await exchange.run({ stream: true });
    }
    isDown = false;
    for (let waited = 0; b?.view().breaker.state !== 'half-open' && waited < 600; waited++) {
      await exchange.clock.advance(1000);
    }
    expect(b?.available).toBe(true);
    taughtHedging(exchange, PATIENCE_MS);
    for (let paid = 0; paid < 20; paid++) exchange.hedging?.budget.deposit();
    expect(ends(exchange, await exchange.run({ stream: true }))).toEqual(['hedge: cancelled', 'first: ok']);
    expect(b?.view().breaker.state).toBe('half-open');
  });
});

describe('no hedge', () => {
  const none: [string, Script, object][] = [
    ['when the first token is in time', after(90, HELLO), {}],
    [
      'once a stream has begun, however silent it is then',
      after(90, [...HELLO.slice(0, 5), { do: 'wait', ms: 5000 }, ...HELLO.slice(5)]),
      {},
    ],
    ['on a route that does not want any', after(500, HELLO), { hedge: undefined }],
    ['at a share of 0', after(500, HELLO), { hedge: { maxShare: 0 } }],
    ['when the attempts of the pool are used up', after(500, HELLO), { retries: { attemptsPerPool: 1 } }],
    ['when the attempts of the exchange are used up', after(500, HELLO), { retries: { maxAttempts: 1 } }],
    [
      'when the pool has no other target',
      after(500, HELLO),
      { providers: { mistral: { keys: ['a'], script: () => after(500, HELLO) } } },
    ],
    [
      'at another model of the pool',
      after(500, HELLO),
      {
        providers: { mistral: { keys: ['a'], script: () => after(500, HELLO) } },
        pools: [['mistral/large', 'mistral/medium']],
      },
    ],
    [
      'in another pool',
      after(500, HELLO),
      {
        providers: {
          mistral: { keys: ['a'], script: () => after(500, HELLO) },
          other: { keys: ['b'], script: () => HELLO },
        },
        pools: [['mistral/large'], ['other/large']],
      },
    ],
  ];
  it.each(none)('%s', async (_when, script, more) => {
    const exchange = hedged([script, HELLO], more);
    const asked = await exchange.run({ stream: true });
    expect(ends(exchange, asked)).toEqual(['first: ok']);
    expect([asked.client.said, asked.client.endedWell]).toEqual(['Hello', true]);
  });

  it('before fifty first tokens have been seen', async () => {
    const exchange = new ScriptedExchange({
      providers: {
        mistral: { keys: ['a', 'b'], script: (_call, number) => (number < 50 ? HELLO : after(500, HELLO)) },
      },
      pools: [['mistral/large']],
      hedge: {},
    });
    for (let round = 0; round < 49; round++) await exchange.run({ stream: true });
    expect(exchange.hedging?.patienceMs(0)).toBeUndefined();
    await exchange.run({ stream: true });
    await exchange.run({ stream: true });
    expect(ends(exchange, await exchange.run({ stream: true }))).toContain('first: ok');
  });

  it('for a whole answer', async () => {
    const exchange = hedged([SILENT, HELLO], { retries: { maxAttempts: 1 } });
    const asked = await exchange.run();
    expect(ends(exchange, asked)).toEqual(['first: fault']);
  });

  it('at a target that is near its quota', async () => {
    const exchange = hedged([after(500, HELLO), HELLO]);
    for (const { target } of exchange.pools[0] ?? []) Object.defineProperty(target, 'headroom', { value: 0.2 });
    expect(ends(exchange, await exchange.run({ stream: true }))).toEqual(['first: ok']);
  });

  it('once the budget is spent, however slow everyone is', async () => {
    const exchange = hedged([after(500, HELLO)]);
    let hedges = 0;
    for (let round = 0; round < 200; round++) {
      taughtHedging(exchange, PATIENCE_MS);
      const { done } = await exchange.run({ stream: true });
      hedges += done.attempts.filter(({ cause }) => cause === 'hedge').length;
      expect(done.end.kind).toBe('streamed');
    }
    // A twentieth of 200, and the one to begin with.
    expect(hedges).toBe(11);
  });
});

describe('what a route learns', () => {
  it('is the first-token time of first attempts, lost ones at the length of their wait', async () => {
    const exchange = new ScriptedExchange({
      providers: { mistral: { keys: ['a', 'b'], script: () => [...after(200, HELLO)] } },
      pools: [['mistral/large']],
      hedge: {},
    });
    for (let round = 0; round < 60; round++) await exchange.run({ stream: true });
    expect(Math.abs((exchange.hedging?.patienceMs(1) ?? 0) / 200 - 1)).toBeLessThan(0.05);
  });

  it('is nothing from siblings, from refusals and from whole answers', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const turns = [REFUSED, after(2000, HELLO)];
    const exchange = hedged([], {
      providers: { mistral: { keys, script: (_call: unknown, number: number) => turns[number % 2] ?? [] } },
      retries: { attemptsPerPool: 2 },
    });
    const before = exchange.hedging?.patienceMs(1);
    for (let round = 0; round < 10; round++) {
      expect(ends(exchange, await exchange.run({ stream: true }))).toEqual(['first: fault', 'sibling: ok']);
    }
    await exchange.run();
    expect(exchange.hedging?.patienceMs(1)).toBe(before);
  });
});
