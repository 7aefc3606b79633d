/** A breaker as one of several nodes': who probes, who waits, and when its word is out of date. */
import { seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { Breaker, type Verdict } from './breaker.ts';
import { breakerOptions } from './options.ts';
import type { TripReason } from './trip-rule.ts';

function setUp({ mayProbe }: { readonly mayProbe?: (leftForMs: number) => boolean } = {}) {
  const clock = new VirtualClock();
  const trips: TripReason[] = [];
  const breaker = new Breaker({ clock, rng: seededRng(1) }, breakerOptions.parse({ probeAfterMs: 10_000 }), {
    tripped: (reason) => trips.push(reason),
    ...(mayProbe === undefined ? {} : { mayProbe }),
  });
  const attempt = async (verdict: Verdict) => {
    breaker.enter()?.leave(verdict);
    await clock.advance(0);
  };
  const open = async () => {
    breaker.trip('by-operator');
    await clock.advance(0);
  };
  return { clock, trips, breaker, attempt, open };
}

describe('a probe that another node is to make', () => {
  it('is left to it for one wait after the other, and made here when it is no longer that one’s', async () => {
    const leftForMs: number[] = [];
    let mine = false;
    const { clock, breaker, open } = setUp({ mayProbe: (left) => leftForMs.push(left) > 0 && mine });
    await open();
    const waitMs = breaker.probeInMs;
    for (let wait = 0; wait < 50; wait++) {
      await clock.advance(waitMs);
      expect([breaker.state, breaker.probeInMs]).toEqual(['open', waitMs]);
    }
    mine = true;
    await clock.advance(waitMs);
    expect(breaker.state).toBe('half-open');
    for (const [wait, left] of leftForMs.entries()) expect(left).toBeCloseTo(wait * waitMs, 6);
  });

  it('is left to it anew after each trip', async () => {
    const { clock, breaker, attempt, open } = setUp({ mayProbe: (leftForMs) => leftForMs > 0 });
    await open();
    await clock.advance(2 * breaker.probeInMs);
    await attempt('fault');
    const waitMs = breaker.probeInMs;
    await clock.advance(waitMs);
    expect(breaker.state).toBe('open');
    await clock.advance(waitMs);
    expect(breaker.state).toBe('half-open');
  });

  it('is made at once by the one whose turn it is', async () => {
    const { clock, breaker, open } = setUp({ mayProbe: () => true });
    await open();
    await clock.advance(breaker.probeInMs);
    expect(breaker.state).toBe('half-open');
  });

  it('leaves no timer behind when it is closed meanwhile', async () => {
    const { clock, breaker, open } = setUp({ mayProbe: () => false });
    await open();
    await clock.advance(breaker.probeInMs);
    breaker.close();
    expect(clock.pending).toBe(0);
  });

  it('is made within seconds when another node has found the key well', async () => {
    const { clock, breaker, open } = setUp({ mayProbe: () => false });
    await open();
    breaker.probeSoon();
    await clock.advance(2000);
    expect(breaker.state).toBe('half-open');
    expect(clock.pending).toBe(0);
  });
});

describe('a suspicion', () => {
  it('lets one fault open the breaker, and opens nothing by itself', async () => {
    const { breaker, attempt, trips } = setUp();
    breaker.suspect(true);
    await attempt('success');
    expect(breaker.state).toBe('closed');
    await attempt('fault');
    expect([breaker.state, trips]).toEqual(['open', ['confirmed']]);
  });

  it('that is over leaves a fault what it was', async () => {
    const { breaker, attempt } = setUp();
    breaker.suspect(true);
    breaker.suspect(false);
    await attempt('fault');
    expect(breaker.state).toBe('closed');
  });
});

describe('an open breaker', () => {
  it('is forgotten when nobody comes whose probe tells anything, though not while a probe runs', async () => {
    const { clock, breaker, open } = setUp();
    await open();
    await clock.advance(breaker.probeInMs);
    for (let second = 0; second < 10; second++) {
      await clock.advance(1000);
      expect([breaker.state, breaker.isForgotten]).toEqual(['half-open', false]);
      breaker.enter()?.leave('neutral');
    }
    await clock.advance(1);
    expect(breaker.isForgotten).toBe(true);
    const probe = breaker.enter();
    expect(breaker.isForgotten).toBe(false);
    probe?.leave('neutral');
    expect(breaker.isForgotten).toBe(true);
    breaker.enter()?.leave('fault');
    await clock.advance(0);
    expect([breaker.state, breaker.isForgotten]).toEqual(['open', false]);
  });

  it('remembers when a probe closed it', async () => {
    const { clock, breaker, attempt, open } = setUp();
    expect(breaker.recoveredAgoMs).toBe(Number.POSITIVE_INFINITY);
    await open();
    await clock.advance(breaker.probeInMs);
    await attempt('success');
    await clock.advance(300);
    expect([breaker.state, breaker.recoveredAgoMs]).toEqual(['closed', 300]);
  });
});
