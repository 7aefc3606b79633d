import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import type { Lease } from './lease.ts';
import { CANCELLED, fault, OK, type Outcome } from './outcome.ts';

const ASK = { promptTokens: 1000, stream: true };

/** The target of one key and, beside it, the same key's target for another model. */
function setUp(maxInFlight = 10_000) {
  const clock = new VirtualClock();
  const scripted = scriptedFleet(
    { clock, rng: seededRng(1) },
    { mistral: { keys: ['a'], script: () => [], maxInFlight } },
  );
  const [target, other] = scripted.fleet
    .pool(['large', 'small'].map((model) => ({ provider: 'mistral', model, weight: 1 })))
    .map((member) => member.target);
  if (target === undefined || other === undefined) throw new Error('no targets');
  const end = async (lease: Lease | undefined, outcome: Outcome, firstMs = 0) => {
    if (lease === undefined) throw new Error(`${target.id} is ${target.state}`);
    await clock.advance(firstMs);
    lease.settle(outcome);
    await clock.advance(0);
  };
  const attempt = (outcome: Outcome) => end(target.enter(ASK), outcome);
  const panic = (outcome: Outcome) => end(target.enterInPanic(ASK), outcome);
  /** Streams whose first token takes so long. */
  const answers = async (firstMs: number, count = 10) => {
    for (let answer = 0; answer < count; answer++) {
      const lease = target.enter(ASK);
      await clock.advance(firstMs);
      lease?.begun();
      await end(lease, OK);
    }
  };
  return { clock, trips: scripted.trips, target, other, attempt, panic, answers };
}

type Set = ReturnType<typeof setUp>;

const FULL: Outcome = { kind: 'capacity', retryAfterMs: undefined };

async function openBreaker({ attempt }: Set): Promise<void> {
  for (let failed = 0; failed < 5; failed++) await attempt(fault('reset'));
}

async function recover(set: Set): Promise<void> {
  await openBreaker(set);
  await set.clock.advance(set.target.freeInMs);
  await set.attempt(OK);
}

/** Refusals until the target is put aside; answers how many it took. */
async function fill({ target, attempt }: Set): Promise<number> {
  for (let refusals = 1; refusals <= 20; refusals++) {
    await attempt(FULL);
    if (!target.available) return refusals;
  }
  throw new Error('a full vendor is asked for ever');
}

describe('a target whose vendor is full', () => {
  it('is put aside after a few refusals in a row, not after one, and for that model alone', async () => {
    const set = setUp();
    const refusals = await fill(set);
    expect(refusals).toBeGreaterThan(1);
    expect(refusals).toBeLessThan(10);
    expect([set.target.state, set.other.state]).toEqual(['no-capacity', 'available']);
    expect(set.trips).toEqual([{ target: 'mistral/a/large', reason: 'no-capacity' }]);
    expect(set.target.view()).toMatchObject({ breaker: { state: 'closed', samples: 0 }, capacity: { state: 'open' } });
    expect(set.other.view().capacity).toBeUndefined();
  });

  it('is not put aside by a refusal now and then', async () => {
    const { target, attempt } = setUp();
    for (let turn = 0; turn < 30; turn++) {
      for (const outcome of [FULL, OK, OK]) await attempt(outcome);
      expect(target.state).toBe('available');
    }
  });

  it('is probed soon by one live request, and is back with the first that it answers', async () => {
    const set = setUp();
    await fill(set);
    const { freeInMs } = set.target;
    expect(freeInMs).toBeGreaterThan(0);
    expect(freeInMs).toBeLessThanOrEqual(5000);
    await set.clock.advance(freeInMs);
    const probe = set.target.enter(ASK);
    expect([set.target.state, set.target.enter(ASK)]).toEqual(['no-capacity', undefined]);
    probe?.begun();
    await set.clock.advance(0);
    expect(set.target.state).toBe('available');
  });

  it('is probed again after a while that grows, but stays below a minute', async () => {
    const set = setUp();
    await fill(set);
    const waits: number[] = [];
    for (let refusals = 0; refusals < 10; refusals++) {
      waits.push(set.target.freeInMs);
      await set.clock.advance(set.target.freeInMs);
      await set.attempt(FULL);
    }
    expect(Math.max(...waits)).toBeGreaterThan(waits[0] ?? 0);
    expect(Math.max(...waits)).toBeLessThan(60_000);
  });

  it('learns nothing from a probe that was taken back', async () => {
    const set = setUp();
    await fill(set);
    await set.clock.advance(set.target.freeInMs);
    await set.attempt(CANCELLED);
    expect([set.target.state, set.target.view().capacity?.state]).toEqual(['available', 'half-open']);
    await set.attempt(OK);
    expect(set.target.view().capacity?.state).toBe('closed');
  });

  it('leaves no timer behind when it is let go', async () => {
    const set = setUp();
    await fill(set);
    expect(set.clock.pending).toBe(1);
    set.target.close();
    expect(set.clock.pending).toBe(0);
  });
});

describe('a target that has recovered', () => {
  it('starts slowly, while a new one does not', async () => {
    const fresh = setUp();
    for (let request = 0; request < 500; request++) expect(fresh.target.enter(ASK)).toBeDefined();
    const set = setUp();
    await recover(set);
    const window = set.target.view().slowStartWindow ?? Number.NaN;
    expect(window).toBeLessThanOrEqual(10);
    for (let request = 0; request < window; request++) expect(set.target.enter(ASK)).toBeDefined();
    expect([set.target.state, set.target.enter(ASK), set.other.state]).toEqual(['slow-start', undefined, 'available']);
  });

  it('gets more with every answer in time, until it has its full share again', async () => {
    const set = setUp();
    await set.answers(300);
    await recover(set);
    const rounds: number[] = [];
    const press = (): Lease[] => {
      const entered: Lease[] = [];
      while (set.target.available && entered.length < 1000) {
        const lease = set.target.enter(ASK);
        if (lease !== undefined) entered.push(lease);
      }
      return entered;
    };
    for (let waiting = press(); waiting.length < 1000 && rounds.length < 30; ) {
      rounds.push(waiting.length);
      await set.clock.advance(300);
      // More press in than are let in: each place is taken at once.
      waiting = waiting.flatMap((lease) => {
        lease.begun();
        const entered = press();
        lease.settle(OK);
        return [...entered, ...press()];
      });
    }
    expect(set.target.view().slowStartWindow).toBeUndefined();
    expect(rounds.toSorted((a, b) => a - b)).toEqual(rounds);
    expect(rounds[0]).toBeLessThanOrEqual(10);
    expect(rounds.length).toBeGreaterThan(3);
  });

  it('starts over when it fails again', async () => {
    const set = setUp();
    await recover(set);
    const first = set.target.view().slowStartWindow;
    await set.answers(10);
    await recover(set);
    expect(set.target.view().slowStartWindow).toBe(first);
  });
});

describe('a target in panic', () => {
  const orders: [string, boolean, (set: Set) => Promise<unknown>][] = [
    ['available', false, async () => undefined],
    ['draining', false, async ({ target }) => target.drain()],
    ['key-quarantined', false, ({ attempt }) => attempt({ kind: 'credentials' })],
    ['model-gone', false, ({ attempt }) => attempt({ kind: 'model-gone' })],
    ['quota-cooldown', false, ({ attempt }) => attempt({ kind: 'quota', never: false, retryAfterMs: 5000 })],
    ['cooldown', false, ({ attempt }) => attempt(fault('status-5xx', 5000))],
    ['full', false, async ({ target }) => Array.from({ length: 20 }, () => target.enter(ASK))],
    ['breaker-open', true, openBreaker],
    ['no-capacity', true, fill],
    [
      'slow-start',
      true,
      async (set) => {
        await recover(set);
        while (set.target.available) set.target.enter(ASK);
      },
    ],
  ];
  it.each(orders)('that is %s may be asked: %s', async (state, may, bring) => {
    const set = setUp(20);
    await bring(set);
    expect([set.target.state, set.target.canPanic]).toEqual([state, may]);
    expect(set.target.enterInPanic(ASK) !== undefined).toBe(may);
  });

  it('has its breaker closed by a success, and starts slowly', async () => {
    const set = setUp();
    await openBreaker(set);
    await set.panic(OK);
    expect(set.target.view()).toMatchObject({ state: 'available', freeInMs: 0, breaker: { state: 'closed' } });
    expect(set.target.view().slowStartWindow).toBeGreaterThan(0);
    expect(set.clock.pending).toBe(0);
  });

  it('has it closed by the first content of a stream already', async () => {
    const set = setUp();
    await openBreaker(set);
    const lease = set.target.enterInPanic(ASK);
    lease?.begun();
    await set.clock.advance(0);
    expect(set.target.view().breaker.state).toBe('closed');
    lease?.settle(OK);
    expect(set.target.inFlight).toBe(0);
  });

  it('has room again by a success, when its vendor was full', async () => {
    const set = setUp();
    await fill(set);
    await set.panic(OK);
    expect([set.target.state, set.clock.pending]).toEqual(['available', 0]);
  });

  it.each([
    ['whose breaker is open', 'a fault', openBreaker, fault('reset')],
    ['whose breaker is open', 'being taken back', openBreaker, CANCELLED],
    ['whose vendor is full', 'a refusal', fill, FULL],
    ['whose vendor is full', 'being taken back', fill, CANCELLED],
  ] as const)('%s waits no longer for %s', async (_whose, _what, putAside, outcome) => {
    const set = setUp();
    await putAside(set);
    const { freeInMs, state } = set.target;
    for (let attempts = 0; attempts < 20; attempts++) await set.panic(outcome);
    expect([set.target.freeInMs, set.target.state, set.trips.length]).toEqual([freeInMs, state, 1]);
    await set.clock.advance(freeInMs);
    expect(set.target.enter(ASK)).toBeDefined();
  });

  it('is asked by no more than its bound, and its attempts count as any', async () => {
    const set = setUp(3);
    set.target.observe({ 'x-ratelimit-limit-req-minute': '100' }, set.clock.nowMs());
    await openBreaker(set);
    const requestsLeft = () => set.target.view().quota.requestsRemaining;
    const before = requestsLeft() ?? 0;
    const leases = [1, 2, 3].map(() => set.target.enterInPanic(ASK));
    expect([set.target.inFlight, set.target.canPanic, set.target.enterInPanic(ASK)]).toEqual([3, false, undefined]);
    expect(requestsLeft()).toBe(before - 3);
    for (const lease of leases) lease?.settle(fault('refused'));
    expect([set.target.inFlight, set.target.canPanic]).toEqual([0, true]);
    expect(requestsLeft()).toBe(before);
  });
});

describe('what a target’s attempts teach', () => {
  it('is a fault when a stream stalls after its first content', async () => {
    const { target, clock } = setUp();
    const lease = target.enter(ASK);
    await clock.advance(400);
    lease?.begun();
    await clock.advance(30_000);
    const before = target.load;
    lease?.settle(fault('idle-timeout'));
    await clock.advance(0);
    expect(target.view()).toMatchObject({
      breaker: { samples: 1, successShare: 0 },
      lastOutcome: 'fault: idle-timeout',
    });
    expect(target.view().faultShare).toBeGreaterThan(0);
    expect(target.load).toBeGreaterThan(before);
  });

  it('is never that failing within milliseconds is fast', async () => {
    const set = setUp();
    await set.answers(400);
    const { load, speed } = set.target;
    for (let failed = 0; failed < 4; failed++) await set.attempt(fault('status-5xx'));
    expect(set.target.speed.firstTokenMs).toBe(speed.firstTokenMs);
    expect(set.target.load).toBeGreaterThan(load);
  });

  it('is that it is silent, while they still wait', async () => {
    const set = setUp();
    await set.answers(400);
    const { load } = set.target;
    set.target.enter(ASK);
    await set.clock.advance(8000);
    expect(set.target.load).toBeGreaterThan(load * 10);
    expect(set.target.state).toBe('available');
  });

  it('is shown to people', async () => {
    const set = setUp();
    await set.answers(400);
    expect(set.target.view()).toMatchObject({ firstTokenMs: 400, tokenMs: undefined, faultShare: 0 });
    const usage = { promptTokens: 10, completionTokens: 50, totalTokens: 60, cachedTokens: 0, reasoningTokens: 0 };
    const lease = set.target.enter(ASK);
    lease?.begun();
    await set.clock.advance(1000);
    lease?.settle(OK, usage);
    expect(set.target.view().tokenMs).toBe(20);
  });
});
