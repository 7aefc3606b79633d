import { ScriptedTransport, scriptedProviderOptions, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import type { WaitKey } from './evidence.ts';
import { fleetSide } from './fleet-side.ts';
import { Fleet } from './fleet.ts';
import type { Word } from './hearsay.ts';
import { fault, OK, type Outcome } from './outcome.ts';

const ASK = { promptTokens: 100, stream: false };
const ENTRY = [{ provider: 'mistral', model: 'large', weight: 1 }];
const A = 'mistral/a/large';
const HELD: Word = {
  heldForMs: 1000,
  holdReason: 'cooldown',
  firstTokenMs: undefined,
  faultShare: 0,
  samples: 0,
  inFlight: 3,
  trips: 0,
};

function setUp() {
  const clock = new VirtualClock();
  let news = 0;
  const made = (previous?: Fleet, overrides: object = {}) =>
    new Fleet(
      {
        clock,
        rng: seededRng(1),
        openTransport: () => new ScriptedTransport(clock, () => []),
        onTrip: () => undefined,
        onKeyRejected: () => undefined,
        onNews: () => news++,
      },
      { mistral: { ...scriptedProviderOptions({ keys: ['a:w', 'b:w', 'c'] }), ...overrides } },
      previous,
    );
  let fleet = made();
  let pool = fleet.pool(ENTRY);
  const side = fleetSide(() => fleet);
  const attempt = async (outcome: Outcome, id = A) => {
    fleet.target(id)?.enter(ASK)?.settle(outcome);
    await clock.advance(0);
  };
  return {
    clock,
    side,
    attempt,
    pool: () => pool,
    state: (id = A) => fleet.target(id)?.state,
    key: (name: string) => fleet.provider('mistral')?.keys.find((key) => key.name === name),
    newsSince: () => {
      const since = news;
      news = 0;
      return since;
    },
    reload: (overrides: object) => {
      const before = fleet;
      fleet = made(before, overrides);
      pool = fleet.pool(ENTRY);
      fleet.prune();
      return before.retire(fleet);
    },
  };
}

describe('what a fleet says', () => {
  it('is nothing while nothing was seen', () => {
    expect(setUp().side.evidence()).toEqual({ targets: {}, waits: {} });
  });

  it('is what its targets have learned, and never what it heard', async () => {
    const { side, attempt } = setUp();
    side.hear(new Map([[A, { ...HELD, firstTokenMs: 100, samples: 100, trips: 2, faultShare: 1 }]]));
    expect(side.evidence()).toEqual({ targets: {}, waits: {} });
    side.hear(new Map([[A, { ...HELD, heldForMs: 0, firstTokenMs: 100, samples: 100 }]]));
    await attempt(OK);
    expect(side.evidence().targets).toMatchObject({ [A]: { samples: 1, inFlight: 0, faultShare: 0, trip: undefined } });
  });

  it('names each wait by what it holds back, and what is left of it', async () => {
    const { clock, side, attempt } = setUp();
    await attempt({ kind: 'quota', never: false, retryAfterMs: 5000, rung: 'requests' });
    await attempt({ kind: 'model-gone' }, 'mistral/c/large');
    await clock.advance(1000);
    expect(side.evidence().waits).toMatchObject({
      'quota:mistral/w/large': { forMs: 4000, reason: 'quota-cooldown' },
      'model:mistral/large': { forMs: 59_000, reason: 'model-gone' },
    });
    await clock.advance(60_000);
    expect(side.evidence().waits).toEqual({});
  });

  it('is news at once when others can act on it: a wait, a trip, a rejected key, and the end of each', async () => {
    const { clock, attempt, newsSince } = setUp();
    await attempt(OK);
    await attempt(fault('reset'));
    expect(newsSince()).toBe(0);
    await attempt({ kind: 'quota', never: false, retryAfterMs: 5000, rung: 'requests' });
    expect(newsSince()).toBe(1);
    await clock.advance(5000);
    await attempt({ kind: 'credentials' });
    expect(newsSince()).toBe(1);
    await clock.advance(10_000);
    await attempt(OK);
    expect(newsSince()).toBe(1);
    for (let failed = 0; failed < 5; failed++) await attempt(fault('reset'));
    expect(newsSince()).toBe(1);
  });

  it('goes on about a rejected key while its probe is awaited, until nobody comes to make it', async () => {
    const { clock, side, attempt, key } = setUp();
    await attempt({ kind: 'credentials' });
    const KEY: WaitKey = 'key:mistral/a';
    expect(side.evidence().waits[KEY]?.forMs).toBe(key('a')?.quarantine.probeInMs);
    await clock.advance(key('a')?.quarantine.probeInMs ?? 0);
    expect(side.evidence().waits[KEY]).toEqual({ forMs: 2000, reason: 'key-quarantined' });
    await clock.advance(10_001);
    // A wait of nothing, because no word at all would say that the key is well.
    expect(side.evidence().waits).toEqual({ [KEY]: { forMs: 0, reason: 'key-unprobed' } });
    await attempt(OK);
    expect(side.evidence().waits).toEqual({});
  });

  it('says that a rejected key is for others to probe when the vendor cannot be reached from here', async () => {
    const { clock, side, attempt, key } = setUp();
    await attempt({ kind: 'credentials' });
    await clock.advance(key('a')?.quarantine.probeInMs ?? 0);
    for (let second = 0; second < 10; second++) {
      await attempt(fault('refused'));
      await clock.advance(1001);
    }
    expect(side.evidence().waits['key:mistral/a']).toEqual({ forMs: 0, reason: 'key-unprobed' });
  });

  it('tells of an open breaker until nobody comes to probe it', async () => {
    const { clock, side, attempt } = setUp();
    for (let failed = 0; failed < 5; failed++) await attempt(fault('reset'));
    await clock.advance(100);
    expect(side.evidence().targets[A]?.trip).toEqual({ reason: 'consecutive-faults', samples: 5, ageMs: 100 });
    await clock.advance(900);
    await attempt(fault('reset'));
    expect(side.evidence().targets[A]?.trip).toEqual({ reason: 'probe-failed', samples: 6, ageMs: 0 });
    await clock.advance(20_000);
    expect(side.evidence().targets[A]?.trip).toBeUndefined();
  });
});

describe('what a fleet hears', () => {
  it('holds the target and no other, crowds it, and is taken back', () => {
    const { side, state, pool } = setUp();
    side.hear(new Map([[A, HELD]]));
    expect([state(), state('mistral/b/large'), pool()[0]?.target.heldFor]).toEqual(['held', 'available', 'cooldown']);
    expect([pool()[0]?.target.inFlight, pool()[0]?.target.crowd]).toEqual([0, 3]);
    side.hear(new Map([[A, { ...HELD, heldForMs: 0 }]]));
    expect(state()).toBe('available');
  });

  it('is put to the test once in five seconds at the most, by who has nobody else to ask', async () => {
    const { clock, side, pool, state } = setUp();
    const target = pool()[0]?.target;
    side.hear(new Map([[A, { ...HELD, heldForMs: 60_000 }]]));
    expect([target?.enter(ASK), target?.canPanic]).toEqual([undefined, true]);
    const tester = target?.enterInPanic(ASK);
    expect([target?.canPanic, target?.enterInPanic(ASK)]).toEqual([false, undefined]);
    await clock.advance(5000);
    expect(target?.canPanic).toBe(true);
    tester?.settle({ kind: 'quota', never: false, retryAfterMs: 1000, rung: 'requests' });
    expect(state()).toBe('quota-cooldown');
    await clock.advance(1000);
    expect(state()).toBe('held');
  });

  it('is outranked for a while when who asked in spite of it was answered, and then counts again', async () => {
    for (const stream of [false, true]) {
      const { clock, side, pool, state } = setUp();
      side.hear(new Map([[A, { ...HELD, heldForMs: 60_000 }]]));
      const tester = pool()[0]?.target.enterInPanic({ ...ASK, stream });
      if (stream) tester?.begun();
      else tester?.settle(OK);
      expect(state()).toBe('available');
      side.hear(new Map([[A, { ...HELD, heldForMs: 60_000 }]]));
      expect([state(), pool()[0]?.target.freeInMs]).toEqual(['available', 0]);
      // As long as it serves us, however long that is.
      for (let served = 0; served < 12; served++) {
        await clock.advance(5000);
        pool()[0]?.target.enter(ASK)?.settle(OK);
      }
      await clock.advance(14_999);
      side.hear(new Map([[A, { ...HELD, heldForMs: 60_000 }]]));
      expect(state()).toBe('available');
      await clock.advance(1);
      expect(state()).toBe('held');
    }
  });

  it('is not disproved by an answer to what was asked before', async () => {
    const { side, pool, state } = setUp();
    const before = pool()[0]?.target.enter(ASK);
    side.hear(new Map([[A, HELD]]));
    before?.settle(OK);
    expect(state()).toBe('held');
  });

  it('of targets that it does not have changes nothing', () => {
    const { side, state } = setUp();
    side.hear(new Map([['mistral/z/large', HELD]]));
    expect(state()).toBe('available');
  });

  it('reaches the targets of a new config', async () => {
    const { side, state, reload } = setUp();
    await reload({ baseUrl: 'https://elsewhere.test' });
    side.hear(new Map([[A, HELD]]));
    expect(state()).toBe('held');
  });
});

describe('where others may hold a target', () => {
  const keysOf = (side: ReturnType<typeof setUp>['side']) => side.places().find(({ id }) => id === A)?.waitKeys;

  it('is itself, its key, its quota and its model', () => {
    const names = ['key:mistral/a', 'model:mistral/large', `quota:mistral/w/large`, `target:${A}`];
    expect(keysOf(setUp().side)?.toSorted()).toEqual(names);
  });

  it('is not its key while we have put that aside ourselves, nor soon after our own probe went well', async () => {
    const { clock, side, attempt } = setUp();
    await attempt({ kind: 'credentials' });
    expect(keysOf(side)).not.toContain('key:mistral/a');
    await clock.advance(10_000);
    await attempt(OK);
    expect(keysOf(side)).not.toContain('key:mistral/a');
    expect(side.places().find(({ id }) => id === 'mistral/b/large')?.waitKeys).toContain('key:mistral/b');
    await clock.advance(15_000);
    expect(keysOf(side)).toContain('key:mistral/a');
  });
});

describe('quotas', () => {
  it('are told once each, when a limit is known, with what was asked since the last time', async () => {
    const { side, attempt, pool } = setUp();
    expect([...side.quotas().keys()]).toEqual([]);
    for (const { target } of pool()) target.observe({ 'x-ratelimit-limit-req-minute': '60' }, 0);
    for (let exchange = 0; exchange < 4; exchange++) pool()[0]?.wanted(ASK);
    await attempt(OK);
    const told = side.quotas();
    expect([...told.keys()]).toEqual(['mistral/w/large', 'mistral/c/large']);
    expect(told.get('mistral/w/large')).toMatchObject({ requestsPerMinute: 60, requests: 1, asked: { requests: 2 } });
    expect(side.quotas().get('mistral/w/large')).toMatchObject({ requests: 1, asked: { requests: 0 } });
  });

  it('are shared once each, by name, also after a reload', async () => {
    const { side, reload, state } = setUp();
    const asked: string[] = [];
    const none = (quota: string) => {
      asked.push(quota);
      return { share: { requests: 0, tokens: 0 }, others: { requests: 0, tokens: 0 } };
    };
    side.share(none);
    expect(asked).toEqual(['mistral/w/large', 'mistral/c/large']);
    // Where no limit is known there is nothing to share.
    expect(state()).toBe('available');
    await reload({ quotaGroups: { w: { limits: { large: { requestsPerMinute: 60 } } } } });
    expect(state()).toBe('available');
    side.share(none);
    expect([state(), state('mistral/c/large')]).toEqual(['quota-cooldown', 'available']);
  });
});

describe('a key’s probe', () => {
  it('is made soon when another node found it well; of a key that is gone, or well, nothing happens', async () => {
    const { clock, side, attempt, key } = setUp();
    await attempt({ kind: 'credentials' });
    side.probeSoon('key:mistral/z');
    side.probeSoon('key:nobody/a');
    side.probeSoon('key:mistral/b');
    side.probeSoon('key:mistral/a');
    await clock.advance(1000);
    expect([key('a')?.quarantine.state, key('b')?.quarantine.state]).toEqual(['half-open', 'closed']);
  });
});
