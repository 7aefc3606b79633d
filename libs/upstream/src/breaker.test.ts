import { seededRng, VirtualClock } from '@leeward/testkit';
import CircuitBreaker from 'opossum';
import { describe, expect, it, vi } from 'vitest';
import { Breaker, type Pass, type Verdict } from './breaker.ts';
import { breakerOptions } from './options.ts';
import type { TripReason } from './trip-rule.ts';

function setUp(overrides: Record<string, number> = {}, seed = 1) {
  const clock = new VirtualClock();
  const trips: TripReason[] = [];
  const recoveries: number[] = [];
  const breaker = new Breaker({ clock, rng: seededRng(seed) }, breakerOptions.parse(overrides), {
    tripped: (reason) => trips.push(reason),
    recovered: () => recoveries.push(clock.nowMs()),
  });
  return { clock, trips, recoveries, breaker };
}

function enter(breaker: Breaker): Pass {
  const pass = breaker.enter();
  if (pass === undefined) throw new Error('the breaker is not open to attempts');
  return pass;
}

/** One attempt from its beginning to the breaker's having taken note of it. */
async function attempt(clock: VirtualClock, breaker: Breaker, verdict: Verdict): Promise<void> {
  enter(breaker).leave(verdict);
  await clock.advance(0);
}

async function openIt({ clock, breaker }: { clock: VirtualClock; breaker: Breaker }): Promise<void> {
  for (let fault = 0; fault < 5; fault++) await attempt(clock, breaker, 'fault');
}

async function toProbe({ clock, breaker }: { clock: VirtualClock; breaker: Breaker }): Promise<void> {
  await clock.advance(breaker.probeInMs);
}

describe('Breaker', () => {
  it('opens at the rule’s word and says why', async () => {
    const set = setUp();
    await openIt(set);
    expect(set.breaker.state).toBe('open');
    expect(set.breaker.enter()).toBeUndefined();
    expect(set.trips).toEqual(['consecutive-faults']);
  });

  it('tells how long ago it tripped and how soon it probes, so that a reader needs no clock of ours', async () => {
    const set = setUp({ probeAfterMs: 10_000 });
    expect(set.breaker.view()).toMatchObject({ lastTrip: undefined, nextProbeInMs: undefined });
    await set.clock.advance(12_345);
    await openIt(set);
    const inMs = Math.round(set.breaker.probeInMs);
    await set.clock.advance(1500);
    const lastTrip = { reason: 'consecutive-faults', agoMs: 1500 };
    expect(set.breaker.view()).toMatchObject({ state: 'open', lastTrip, nextProbeInMs: inMs - 1500 });
    await toProbe(set);
    expect(set.breaker.view()).toMatchObject({ state: 'half-open', nextProbeInMs: undefined });
  });

  it('does not open on a single failure', async () => {
    const { clock, breaker } = setUp();
    await attempt(clock, breaker, 'fault');
    expect(breaker.state).toBe('closed');
  });

  it('leaves the decision to its own rule, however many attempts end at once', async () => {
    const { clock, breaker, trips } = setUp({ consecutiveFaults: 1000, minSuccessRate: 0 });
    const passes = Array.from({ length: 6000 }, () => enter(breaker));
    for (const [index, pass] of passes.entries()) pass.leave(index % 2 === 0 ? 'fault' : 'success');
    await clock.advance(0);
    expect([breaker.state, trips]).toEqual(['closed', []]);
  });

  it('admits exactly one live request when the probe time has come', async () => {
    const set = setUp();
    await openIt(set);
    await toProbe(set);
    expect(set.breaker.state).toBe('half-open');
    const probe = set.breaker.enter();
    expect(probe).toBeDefined();
    expect([set.breaker.admits, set.breaker.enter()]).toEqual([false, undefined]);
  });

  it('closes when the probe succeeds, and starts with a clean window', async () => {
    const set = setUp();
    await openIt(set);
    await toProbe(set);
    await attempt(set.clock, set.breaker, 'success');
    expect(set.breaker.state).toBe('closed');
    expect(set.breaker.view().samples).toBe(0);
    expect(set.clock.pending).toBe(0);
    for (let fault = 0; fault < 4; fault++) await attempt(set.clock, set.breaker, 'fault');
    expect(set.breaker.state).toBe('closed');
  });

  it('waits longer after each failed probe, jittered within the upper half, up to the bound', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const set = setUp({ probeAfterMs: 1000, maxProbeAfterMs: 8000 }, seed);
      await openIt(set);
      for (const ceilingMs of [1000, 2000, 4000, 8000, 8000]) {
        const waitMs = set.breaker.probeInMs;
        expect(waitMs).toBeGreaterThanOrEqual(ceilingMs / 2);
        expect(waitMs).toBeLessThanOrEqual(ceilingMs);
        await toProbe(set);
        await attempt(set.clock, set.breaker, 'fault');
        expect(set.breaker.state).toBe('open');
      }
      expect(set.trips.slice(1)).toEqual(Array(5).fill('probe-failed'));
      expect(set.clock.pending).toBe(1);
    }
  });

  it('does not let breakers that opened together probe together', async () => {
    const waits = new Set<number>();
    for (let seed = 1; seed <= 10; seed++) {
      const set = setUp({}, seed);
      await openIt(set);
      waits.add(set.breaker.probeInMs);
    }
    expect(waits.size).toBe(10);
  });

  it('starts with the shortest wait again once it has been closed', async () => {
    const set = setUp();
    await openIt(set);
    for (const verdict of ['fault', 'fault', 'success'] as const) {
      await toProbe(set);
      await attempt(set.clock, set.breaker, verdict);
    }
    await openIt(set);
    expect(set.breaker.probeInMs).toBeLessThanOrEqual(1000);
  });

  it('frees the probe’s place when the probe is cancelled', async () => {
    const set = setUp();
    await openIt(set);
    await toProbe(set);
    for (let round = 0; round < 3; round++) {
      const probe = enter(set.breaker);
      expect(set.breaker.admits).toBe(false);
      probe.leave('neutral');
      expect([set.breaker.state, set.breaker.admits]).toEqual(['half-open', true]);
    }
    await attempt(set.clock, set.breaker, 'success');
    expect(set.breaker.state).toBe('closed');
  });

  it.each(['success', 'fault', 'neutral'] as const)(
    'learns nothing from a stale attempt that ends in %s',
    async (verdict) => {
      const set = setUp();
      const stale = Array.from({ length: 10 }, () => enter(set.breaker));
      await openIt(set);
      stale.pop()?.leave(verdict);
      await set.clock.advance(0);
      expect(set.breaker.state).toBe('open');
      await toProbe(set);
      for (const pass of stale.splice(0, 5)) pass.leave(verdict);
      await set.clock.advance(0);
      expect([set.breaker.state, set.breaker.admits]).toEqual(['half-open', true]);
      const probe = enter(set.breaker);
      for (const pass of stale) pass.leave(verdict);
      await set.clock.advance(0);
      expect([set.breaker.state, set.breaker.admits]).toEqual(['half-open', false]);
      probe.leave('success');
      await set.clock.advance(0);
      expect(set.breaker.state).toBe('closed');
      expect(set.trips).toHaveLength(1);
    },
  );

  it('does not count attempts against it that began before it opened', async () => {
    const set = setUp();
    const stale = Array.from({ length: 10 }, () => enter(set.breaker));
    await openIt(set);
    await toProbe(set);
    await attempt(set.clock, set.breaker, 'success');
    for (const pass of stale) pass.leave('fault');
    await set.clock.advance(0);
    expect(set.breaker.view()).toMatchObject({ state: 'closed', samples: 0 });
    expect(set.trips).toHaveLength(1);
  });

  it('lets the end of one attempt touch no other', async () => {
    const { clock, breaker } = setUp();
    const [first, second, third] = [enter(breaker), enter(breaker), enter(breaker)];
    first.leave('fault');
    second.leave('neutral');
    await clock.advance(0);
    expect(breaker.view().samples).toBe(1);
    third.leave('success');
    await clock.advance(0);
    expect(breaker.view()).toMatchObject({ state: 'closed', samples: 2, successShare: 0.5 });
  });

  it('opens by hand, also while a probe is out', async () => {
    const set = setUp();
    set.breaker.trip('by-operator');
    expect([set.breaker.state, set.trips]).toEqual(['open', ['by-operator']]);
    set.breaker.trip('by-operator');
    expect(set.trips).toHaveLength(1);
    await toProbe(set);
    const probe = enter(set.breaker);
    set.breaker.trip('by-operator');
    probe.leave('success');
    await set.clock.advance(0);
    expect(set.breaker.state).toBe('open');
    expect(set.clock.pending).toBe(1);
  });

  it('asks opossum nothing while it is closed, so that its statistics never grow', () => {
    const fired = vi.spyOn(CircuitBreaker.prototype, 'fire');
    const { breaker } = setUp({ consecutiveFaults: 1000, minSuccessRate: 0 });
    for (let call = 0; call < 1000; call++) enter(breaker).leave(call % 3 === 0 ? 'fault' : 'success');
    expect(fired).not.toHaveBeenCalled();
    fired.mockRestore();
  });

  it('leaves no timer and admits nobody once it is put away', async () => {
    const set = setUp();
    await openIt(set);
    set.breaker.close();
    expect(set.clock.pending).toBe(0);
    const half = setUp();
    await openIt(half);
    await toProbe(half);
    half.breaker.close();
    expect([half.breaker.admits, half.breaker.enter()]).toEqual([false, undefined]);
  });

  it('takes the end of an attempt that outlives it', async () => {
    const { clock, breaker, trips } = setUp({ consecutiveFaults: 1 });
    const passes = (['success', 'fault', 'neutral'] as const).map((verdict) => ({ pass: enter(breaker), verdict }));
    breaker.close();
    for (const { pass, verdict } of passes) pass.leave(verdict);
    await clock.advance(0);
    expect([trips, clock.pending]).toEqual([[], 0]);
  });
});

describe('a breaker whose sibling has recovered', () => {
  async function openFor(longMs: number, seed = 1) {
    const set = setUp({ probeAfterMs: longMs, maxProbeAfterMs: longMs }, seed);
    await openIt(set);
    return set;
  }

  it('probes soon, once, and not at its old time again', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const set = await openFor(60_000, seed);
      const beforeMs = set.breaker.probeInMs;
      set.breaker.probeSoon();
      expect(set.breaker.probeInMs).toBeLessThanOrEqual(2000);
      expect(set.breaker.view().nextProbeInMs).toBe(Math.round(set.breaker.probeInMs));
      expect(set.clock.pending).toBe(1);
      await toProbe(set);
      expect([set.breaker.state, set.clock.pending]).toEqual(['half-open', 0]);
      const probe = enter(set.breaker);
      await set.clock.advance(beforeMs);
      expect([set.breaker.state, set.breaker.admits]).toEqual(['half-open', false]);
      probe.leave('success');
      await set.clock.advance(0);
      expect(set.breaker.state).toBe('closed');
    }
  });

  it('does not probe together with the others that heard of it', async () => {
    const waits = new Set<number>();
    for (let seed = 1; seed <= 10; seed++) {
      const set = await openFor(60_000, seed);
      set.breaker.probeSoon();
      waits.add(set.breaker.probeInMs);
    }
    expect(waits.size).toBe(10);
  });

  it('does not probe later for it, however often it hears so', async () => {
    const set = await openFor(60_000);
    let beforeMs = set.breaker.probeInMs;
    for (let heard = 0; heard < 50; heard++) {
      set.breaker.probeSoon();
      expect(set.breaker.probeInMs).toBeLessThanOrEqual(beforeMs);
      beforeMs = set.breaker.probeInMs;
    }
    const soon = await openFor(400);
    beforeMs = soon.breaker.probeInMs;
    soon.breaker.probeSoon();
    expect(soon.breaker.probeInMs).toBe(beforeMs);
  });

  it('waits longer again when that probe fails', async () => {
    const set = setUp({ probeAfterMs: 20_000 });
    await openIt(set);
    set.breaker.probeSoon();
    await toProbe(set);
    await attempt(set.clock, set.breaker, 'fault');
    expect(set.breaker.probeInMs).toBeGreaterThanOrEqual(20_000);
  });

  it('does not mind when it is closed or half-open', async () => {
    const set = setUp();
    set.breaker.probeSoon();
    expect([set.breaker.state, set.clock.pending]).toEqual(['closed', 0]);
    await openIt(set);
    await toProbe(set);
    set.breaker.probeSoon();
    const probe = enter(set.breaker);
    set.breaker.probeSoon();
    expect([set.breaker.admits, set.clock.pending]).toEqual([false, 0]);
    probe.leave('success');
    await set.clock.advance(10_000);
    expect(set.breaker.state).toBe('closed');
  });
});

describe('an attempt in panic', () => {
  async function leaveInPanic(set: ReturnType<typeof setUp>, verdict: Verdict): Promise<void> {
    set.breaker.enterInPanic().leave(verdict);
    await set.clock.advance(0);
  }

  it('closes an open breaker by its success, with a clean window and no probe left', async () => {
    const set = setUp();
    await openIt(set);
    await leaveInPanic(set, 'success');
    expect(set.breaker.view()).toMatchObject({ state: 'closed', samples: 0, nextProbeInMs: undefined });
    expect([set.breaker.admits, set.clock.pending, set.recoveries.length]).toEqual([true, 0, 1]);
    await openIt(set);
    expect(set.breaker.probeInMs).toBeLessThanOrEqual(1000);
  });

  it.each(['fault', 'neutral'] as const)('changes nothing by ending in %s', async (verdict) => {
    const set = setUp({ probeAfterMs: 5000 });
    await openIt(set);
    const before = set.breaker.view();
    for (let attempts = 0; attempts < 20; attempts++) await leaveInPanic(set, verdict);
    expect(set.breaker.view()).toEqual(before);
    expect([set.trips.length, set.recoveries.length]).toEqual([1, 0]);
  });

  it('closes a half-open breaker too, and the probe that is still out does not open it again', async () => {
    for (const verdict of ['success', 'fault', 'neutral'] as const) {
      const set = setUp();
      await openIt(set);
      await toProbe(set);
      const probe = enter(set.breaker);
      await leaveInPanic(set, 'success');
      expect(set.breaker.state).toBe('closed');
      probe.leave(verdict);
      await set.clock.advance(0);
      expect([set.breaker.state, set.trips.length, set.recoveries.length]).toEqual(['closed', 1, 1]);
      expect([set.breaker.view().samples, set.clock.pending]).toEqual([0, 0]);
      await attempt(set.clock, set.breaker, 'success');
      expect(set.breaker.view().samples).toBe(1);
    }
  });

  it.each(['success', 'fault', 'neutral'] as const)(
    'makes the probe that was out then stale for ever: it says nothing by %s when the breaker has opened again',
    async (verdict) => {
      const set = setUp();
      await openIt(set);
      await toProbe(set);
      const stale = [enter(set.breaker)];
      await leaveInPanic(set, 'success');
      await openIt(set);
      const before = set.breaker.view();
      stale.pop()?.leave(verdict);
      await set.clock.advance(0);
      expect(set.breaker.view()).toEqual(before);
      await toProbe(set);
      stale.push(enter(set.breaker));
      await leaveInPanic(set, 'success');
      await openIt(set);
      await toProbe(set);
      const probe = enter(set.breaker);
      stale.pop()?.leave(verdict);
      await set.clock.advance(0);
      expect([set.breaker.state, set.breaker.admits, set.trips.length]).toEqual(['half-open', false, 3]);
      probe.leave('success');
      await set.clock.advance(0);
      expect(set.breaker.state).toBe('closed');
    },
  );

  it('leaves a breaker alone that has closed meanwhile', async () => {
    const set = setUp();
    await openIt(set);
    const late = set.breaker.enterInPanic();
    await toProbe(set);
    await attempt(set.clock, set.breaker, 'success');
    await attempt(set.clock, set.breaker, 'fault');
    late.leave('success');
    await set.clock.advance(0);
    expect(set.breaker.view()).toMatchObject({ state: 'closed', samples: 1, successShare: 0 });
    expect(set.recoveries).toHaveLength(1);
  });
});
