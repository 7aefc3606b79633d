import { VirtualClock } from '@leeward/testkit';
import type { Usage } from '@leeward/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Experience } from './experience.ts';
import { promptFactor } from './first-token-time.ts';
import { type Ask, type LeaseHost, type Passes, TargetLease } from './lease.ts';
import { CANCELLED, fault, OK, type Outcome } from './outcome.ts';

const STREAM: Ask = { promptTokens: 1000, stream: true };
const WHOLE: Ask = { promptTokens: 1000, stream: false };
const MEANS = { firstTokenMs: 400, inFlight: 2 };

const pass = { probes: false, leave: () => undefined };
const passes: Passes = { breaker: pass, quarantine: pass, capacity: undefined };

/** An experience told of its attempts as a target tells it. */
function setUp() {
  const clock = new VirtualClock();
  const experience = new Experience(clock);
  let inFlight = 0;
  const host: LeaseHost = {
    firstToken: (lease, tookMs) => experience.firstToken(lease, tookMs, inFlight),
    faultAfterProof: () => undefined,
    settled: (lease, outcome, usage) => experience.settled(lease, outcome, usage, inFlight--),
  };
  const start = (ask: Ask = STREAM) => {
    const lease = new TargetLease(clock, ask, 0, passes, host);
    inFlight++;
    experience.started(lease);
    return lease;
  };
  /** An attempt whose first token, if any comes, takes so long; its end comes after `thenMs`. */
  const attempt = async (outcome: Outcome, firstMs: number, thenMs?: number, usage?: Usage) => {
    const lease = start();
    await clock.advance(firstMs);
    if (thenMs !== undefined) {
      lease.begun();
      await clock.advance(thenMs);
    }
    lease.settle(outcome, usage);
  };
  const load = (inFlightNow = 0, weight = 1, headroom = 1, means = MEANS) =>
    experience.load(clock.nowMs(), means, inFlightNow, weight, headroom);
  return { clock, experience, start, attempt, load };
}

function usageOf(completionTokens: number): Usage {
  return {
    promptTokens: 1000,
    completionTokens,
    totalTokens: 1000 + completionTokens,
    cachedTokens: 0,
    reasoningTokens: 0,
  };
}

async function learn({ attempt }: ReturnType<typeof setUp>, firstMs = 400): Promise<void> {
  for (let answer = 0; answer < 20; answer++) await attempt(OK, firstMs, 1000, usageOf(100));
}

describe('the load of a target', () => {
  it('is that of the pool’s median when nothing was learned', () => {
    const { load } = setUp();
    const ofMedian = load(0, 1, 1, { firstTokenMs: 400, inFlight: 2 });
    expect(load(0, 1, 1, { firstTokenMs: 800, inFlight: 2 })).toBeCloseTo(2 * ofMedian, 6);
  });

  it('grows with its first-token time, in proportion at the least', async () => {
    const [fast, slow, ill] = [setUp(), setUp(), setUp()];
    await learn(fast, 400);
    await learn(slow, 800);
    await learn(ill, 4000);
    // Between the last first token and now a second has passed, in which the slow ones are forgiven a little.
    expect(slow.load() / fast.load()).toBeGreaterThan(1.8);
    expect(slow.load() / fast.load()).toBeLessThan(4);
    expect(ill.load() / fast.load()).toBeGreaterThan(9);
  });

  it('grows with what is in flight, less so in a busy pool, and half as much for twice the weight', () => {
    const { load } = setUp();
    const loads = [0, 1, 5, 50].map((inFlight) => load(inFlight));
    expect(loads.toSorted((a, b) => a - b)).toEqual(loads);
    expect(new Set(loads).size).toBe(4);
    const busy = { firstTokenMs: 400, inFlight: 50 };
    expect(load(5, 1, 1, busy) / load(0, 1, 1, busy)).toBeLessThan(load(5) / load(0));
    expect(load(10, 2)).toBeCloseTo(load(5, 1), 6);
  });

  it('does not make an idle slow target worth more than a usual one', async () => {
    const slow = setUp();
    await learn(slow, 4000);
    const usual = setUp();
    await learn(usual, 400);
    expect(slow.load(0)).toBeGreaterThan(usual.load(MEANS.inFlight));
  });

  it('grows as headroom shrinks, and stays finite when none is left', () => {
    const { load } = setUp();
    const loads = [1, 0.5, 0.1, 0].map((headroom) => load(0, 1, headroom));
    expect(loads.toSorted((a, b) => a - b)).toEqual(loads);
    expect(loads[1]).toBeGreaterThan((loads[0] ?? 0) * 1.5);
    expect(Number.isFinite(loads[3])).toBe(true);
  });

  it('is finite without a weight too, for people to read', async () => {
    const set = setUp();
    for (const inFlight of [0, 1, 10_000]) expect(set.load(inFlight, 0)).toBe(set.load(0, 1));
    await learn(set);
    expect(set.load(3, 0)).toBe(set.load(0, 1));
  });

  it('is a figure whatever is learned and however it is asked', async () => {
    const end = fc.constantFrom<Outcome>(OK, CANCELLED, fault('reset'), fault('first-token-timeout'));
    const times = fc.oneof(fc.constant(0), fc.nat({ max: 100_000 }));
    const step = fc.record({ outcome: end, firstMs: times, thenMs: fc.option(times, { nil: undefined }) });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 10 }),
        fc.nat(10_000),
        fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1_000_000, noNaN: true })),
        share,
        async (steps, inFlight, weight, headroom) => {
          const set = setUp();
          for (const { outcome, firstMs, thenMs } of steps) {
            await set.attempt(outcome, firstMs, thenMs, usageOf(firstMs % 3));
            const means = { firstTokenMs: set.experience.learnedMs ?? 400, inFlight: inFlight % 7 };
            const load = set.load(inFlight, weight, headroom, means);
            expect(Number.isFinite(load) && load > 0).toBe(true);
          }
        },
      ),
    );
  });

  it('is raised by faults, and falls again as they are forgotten', async () => {
    const set = setUp();
    await learn(set);
    const before = set.load();
    for (let failed = 0; failed < 5; failed++) await set.attempt(fault('reset'), 10);
    expect(set.load()).toBeGreaterThan(before * 2);
    expect(set.experience.faultShare).toBeGreaterThan(0.1);
    await set.clock.advance(600_000);
    expect(set.load()).toBeLessThan(before * 1.1);
  });

  it('rises while attempts wait in vain, long before any of them is given up', async () => {
    const set = setUp();
    await learn(set);
    const before = set.load();
    const waiting = [set.start(), set.start()];
    await set.clock.advance(200);
    expect(set.load()).toBeCloseTo(before, 0);
    await set.clock.advance(3800);
    expect(set.load()).toBeGreaterThan(before * 8);
    for (const lease of waiting) lease.begun();
    for (let turn = 0; turn < 3; turn++) await learn(set);
    expect(set.load()).toBeLessThan(before * 1.5);
  });

  it('does not rise while a whole answer is being made, nor sooner for a long prompt than is due to it', async () => {
    const set = setUp();
    await learn(set);
    const before = set.load();
    set.start(WHOLE);
    await set.clock.advance(8000);
    expect(set.load()).toBeLessThanOrEqual(before);
    set.start({ promptTokens: 200_000, stream: true });
    await set.clock.advance(300 * promptFactor(200_000));
    expect(set.load()).toBeLessThanOrEqual(before);
  });
});

describe('what is learned of an attempt', () => {
  it('is the time to its first token and of each token after, not its total time', async () => {
    const set = setUp();
    for (let answer = 0; answer < 20; answer++) await set.attempt(OK, 300, 60_000, usageOf(3000));
    expect(set.experience.speed.firstTokenMs).toBeCloseTo(300, 6);
    expect(set.experience.speed.tokenMs).toBeCloseTo(20, 6);
  });

  it.each([
    ['a fault', fault('refused')],
    ['a full vendor', { kind: 'capacity', retryAfterMs: undefined }],
    ['a rate limit', { kind: 'quota', never: false, retryAfterMs: 1000 }],
    ['a rejected key', { kind: 'credentials' }],
    ['a model that is gone', { kind: 'model-gone' }],
    ['a request that is wrong', { kind: 'caller-fault' }],
    ['a client that left', CANCELLED],
  ] as const)('is no speed when it ends within milliseconds in %s', async (_what, outcome) => {
    const set = setUp();
    for (let failed = 0; failed < 10; failed++) await set.attempt(outcome, 2);
    expect(set.experience.learnedMs).toBeUndefined();
    await learn(set);
    const before = set.experience.learnedMs;
    for (let failed = 0; failed < 50; failed++) await set.attempt(outcome, 2);
    expect(set.experience.learnedMs).toBe(before);
    expect(set.load()).toBeGreaterThanOrEqual(400);
  });

  it.each([
    ['a timeout', fault('first-token-timeout')],
    ['a client or a hedge that gave up', CANCELLED],
  ] as const)('is that it takes at least as long as %s', async (_what, outcome) => {
    const set = setUp();
    await learn(set);
    await set.attempt(outcome, 10_000);
    expect(set.experience.learnedMs).toBeGreaterThan(5000);
  });

  it.each([fault('first-token-timeout'), fault('reset'), CANCELLED] as const)(
    'is that it is slow by a long wait that ends in %j, though nothing was known before',
    async (outcome) => {
      const set = setUp();
      await set.attempt(outcome, 300);
      expect(set.experience.learnedMs).toBeUndefined();
      await set.attempt(outcome, 10_000);
      expect(set.experience.learnedMs).toBe(10_000);
    },
  );

  it.each([
    ['a refusal', { kind: 'capacity', retryAfterMs: undefined }],
    ['a rate limit', { kind: 'quota', never: false, retryAfterMs: 1000 }],
  ] as const)('is nothing by a long wait that ends in %s', async (_what, outcome) => {
    const set = setUp();
    await set.attempt(outcome, 10_000);
    expect(set.experience.learnedMs).toBeUndefined();
  });

  it.each([
    [OK, false],
    [{ kind: 'caller-fault' }, false],
    [CANCELLED, false],
    [{ kind: 'quota', never: false, retryAfterMs: 1000 }, false],
    [{ kind: 'capacity', retryAfterMs: undefined }, false],
    [fault('deadline'), false],
    [fault('diverged'), false],
    [fault('status-5xx'), true],
    [fault('first-token-timeout'), true],
  ] as const)('is by %j that it is a fault: %s', async (outcome, isFault) => {
    const set = setUp();
    await set.attempt(outcome, 10);
    expect(set.experience.faultShare > 0).toBe(isFault);
  });

  it('is a fault when a stream breaks off or stalls after its beginning', async () => {
    const set = setUp();
    await set.attempt(fault('idle-timeout'), 300, 10_000);
    await set.attempt(fault('truncated'), 300, 100);
    expect(set.experience.faultShare).toBeGreaterThan(0);
    expect(set.experience.learnedMs).toBe(300);
  });

  it('lets a slow start grow by answers in time, whole ones too, and halves it by faults', async () => {
    for (const stream of [true, false]) {
      const set = setUp();
      await learn(set);
      const { slowStart } = set.experience;
      slowStart.begin();
      const first = slowStart.window ?? 0;
      for (let turn = 0; turn < 3; turn++) {
        const leases = Array.from({ length: slowStart.window ?? 0 }, () => set.start({ promptTokens: 1000, stream }));
        await set.clock.advance(400);
        for (const lease of leases) if (stream) lease.begun();
        for (const lease of leases) lease.settle(OK, usageOf(1));
      }
      const grown = slowStart.window ?? 0;
      expect(grown).toBeGreaterThan(first);
      await set.attempt(fault('reset'), 5);
      expect(slowStart.window).toBe(Math.max(first, Math.ceil(grown / 2)));
    }
  });

  it('does not let a slow start grow by answers that are late', async () => {
    const set = setUp();
    await learn(set);
    const { slowStart } = set.experience;
    slowStart.begin();
    const first = slowStart.window ?? 0;
    const leases = Array.from({ length: first }, () => set.start());
    await set.clock.advance(4000);
    for (const lease of leases) lease.begun();
    expect(slowStart.window).toBe(first);
  });
});
