import { seededRng, VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUOTA, ShareFleet, type ShareFleetOptions } from '../fixtures/simulation/share-fleet.ts';
import { USE } from '../fixtures/contributions.ts';
import type { QuotaLimits } from './quota-share.ts';
import type { Sharer } from './roll-call.ts';
import type { QuotaUse } from '../shapes.ts';
import { type Refresh, Shares } from './shares.ts';

/** What was used before its time has left the vendor's windows. */
const JOINED_MS = 65_000;
/** What several peers have of a limit of tokens: the rest is for what they have not told yet. */
const SHARED_PART = 0.99;
const LIMITS = { requestsPerMinute: 600, tokensPerMinute: 1_000_000 };
const FLEET: ShareFleetOptions = {
  limits: { requestsPerMinute: 600, tokensPerMinute: 1e9 },
  intervalMs: 250,
  delayMs: 40,
  traffic: { tokens: 500, answerMs: 2_000 },
};

function sharer(id: string, heardAtMs: number, use: Partial<QuotaUse> = {}, given: Partial<Sharer> = {}): Sharer {
  const heard = { value: { ...USE, requests: 0, tokens: 0, ...use }, atMs: heardAtMs, seq: 0 };
  return { id, epoch: 1, heardAtMs, draining: false, quotas: new Map([[QUOTA, heard]]), ...given };
}

function refreshed(shares: Shares, self: Sharer, others: readonly Sharer[], limit: QuotaLimits = LIMITS): void {
  const limits: Refresh['limits'] = new Map([[QUOTA, limit]]);
  shares.refresh({ limits, self, others, intervalMs: 250, bus: 'connected' });
}

/** Refreshed as often and for as long as nothing rises any more. */
async function settled(clock: VirtualClock, shares: Shares, self: Sharer, others: readonly Sharer[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    refreshed(shares, self, others);
    await clock.advance(200);
  }
  refreshed(shares, self, others);
}

async function joined(): Promise<{ readonly clock: VirtualClock; readonly shares: Shares }> {
  const clock = new VirtualClock();
  const shares = new Shares(clock);
  await clock.advance(JOINED_MS);
  return { clock, shares };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('a share', () => {
  it('is unlimited where no limit is known', async () => {
    const { clock, shares } = await joined();
    expect(shares.of(QUOTA)).toEqual({ requests: undefined, tokens: undefined });
    refreshed(shares, sharer('a', clock.nowMs()), [], {});
    expect(shares.of(QUOTA)).toEqual({ requests: undefined, tokens: undefined });
    refreshed(shares, sharer('a', clock.nowMs()), [], { tokensPerMinute: 500 });
    expect(shares.of(QUOTA)).toEqual({ requests: undefined, tokens: 500 });
  });

  it('is all of the limit for a peer that is alone', async () => {
    const { clock, shares } = await joined();
    refreshed(shares, sharer('a', clock.nowMs()), []);
    expect(shares.of(QUOTA)).toEqual({ requests: 600, tokens: 1_000_000 });
  });

  it('is a small part of it until a joiner has had the time to hear everyone', async () => {
    const clock = new VirtualClock();
    const shares = new Shares(clock);
    refreshed(shares, sharer('a', 0), []);
    expect(shares.of(QUOTA)).toEqual({ requests: 30, tokens: 50_000 });
    refreshed(shares, sharer('a', 0), [], { requestsPerMinute: 6 });
    expect(shares.of(QUOTA).requests).toBe(1);
    await clock.advance(3_000);
    await settled(clock, shares, sharer('a', clock.nowMs()), []);
    expect(shares.of(QUOTA)).toEqual({ requests: 600, tokens: 1_000_000 });
  });

  it('leaves an equal part to one that is gone, whose place a joiner has taken, until its use has left the window', async () => {
    const clock = new VirtualClock();
    // Not at a minute's very beginning, of which it would have seen all.
    await clock.advance(1);
    const shares = new Shares(clock);
    const together = (): Promise<void> => {
      const [self, other] = [sharer('a', clock.nowMs()), sharer('b', clock.nowMs())];
      return settled(clock, shares, self, [other]);
    };
    await clock.advance(29_400);
    await together();
    expect(shares.of(QUOTA).requests).toBe(150);
    expect(shares.of(QUOTA).tokens).toBeCloseTo(SHARED_PART * 500_000 * 0.75, -4);
    await clock.advance(31_000);
    await together();
    expect(shares.of(QUOTA)).toEqual({ requests: 300, tokens: SHARED_PART * 500_000 });
  });

  it('is gone when its limit is', async () => {
    const { clock, shares } = await joined();
    refreshed(shares, sharer('a', clock.nowMs()), []);
    shares.refresh({
      limits: new Map(),
      self: sharer('a', clock.nowMs()),
      others: [],
      intervalMs: 250,
      bus: 'connected',
    });
    expect(shares.of(QUOTA).requests).toBeUndefined();
  });

  it('still counts what one used that said goodbye and took its counts along', async () => {
    const { clock, shares } = await joined();
    const busy = sharer('b', clock.nowMs(), { requests: 200, tokens: 400_000 });
    refreshed(shares, sharer('a', clock.nowMs()), [busy]);
    const goodbye: Sharer = { ...busy, draining: true, quotas: new Map() };
    await clock.advance(2_000);
    await settled(clock, shares, sharer('a', clock.nowMs(), { requests: 50 }), [goodbye]);
    expect(shares.of(QUOTA).requests).toBe(400);
    // Three seconds of its tokens have left the window.
    expect(shares.of(QUOTA).tokens).toBeGreaterThan(585_000);
    expect(shares.of(QUOTA).tokens).toBeLessThan(610_000);
    expect(shares.othersUse(QUOTA).requests).toBe(200);
  });

  it('stays by demand when the bus is lost, and comes to an equal part within a minute', async () => {
    const { clock, shares } = await joined();
    const wanted = (id: string, wantedRequestsPerMinute: number) =>
      sharer(id, clock.nowMs(), { wantedRequestsPerMinute });
    const [self, other] = [wanted('a', 900), wanted('b', 100)];
    refreshed(shares, self, [other]);
    const limits = new Map([[QUOTA, LIMITS]]);
    const deaf = (): void => shares.refresh({ limits, self, others: [], intervalMs: 250, bus: 'connecting' });
    await clock.advance(10);
    deaf();
    expect(shares.of(QUOTA).requests).toBe(500);
    await clock.advance(30_000);
    deaf();
    await clock.advance(400);
    deaf();
    expect(shares.of(QUOTA).requests).toBeCloseTo(400, -1);
    await clock.advance(31_000);
    deaf();
    expect(shares.of(QUOTA).requests).toBe(300);
  });

  it('goes by the last demand when a peer falls silent once more', async () => {
    const { clock, shares } = await joined();
    const wanted = (id: string, wantedRequestsPerMinute: number) =>
      sharer(id, clock.nowMs(), { wantedRequestsPerMinute });
    for (const [mine, others, share] of [
      [900, 100, 500],
      [100, 900, 100],
    ] as const) {
      const [self, other] = [wanted('a', mine), wanted('b', others)];
      await settled(clock, shares, self, [other]);
      const limits = new Map([[QUOTA, LIMITS]]);
      const deaf = (): void => shares.refresh({ limits, self, others: [], intervalMs: 250, bus: 'connecting' });
      deaf();
      await clock.advance(400);
      deaf();
      expect(shares.of(QUOTA).requests).toBeCloseTo(share, -1);
    }
  });

  it('believes a count that its sender did not name again, because it has not changed, after the first second', async () => {
    const { clock, shares } = await joined();
    const self = () => sharer('a', clock.nowMs());
    const said = sharer('b', clock.nowMs(), { requests: 300 });
    await settled(clock, shares, self(), [said]);
    await clock.advance(60_000 - (clock.nowMs() % 60_000) + 500);
    // It has made as many again within half a second, and none since.
    const again = sharer('b', clock.nowMs(), { requests: 300 });
    refreshed(shares, self(), [again]);
    expect(shares.othersUse(QUOTA).requests).toBe(0);
    await clock.advance(1_000);
    refreshed(shares, self(), [{ ...again, heardAtMs: clock.nowMs() }]);
    expect(shares.othersUse(QUOTA).requests).toBe(300);
  });

  it('knows nothing of the use of others where nobody told any', () => {
    expect(new Shares(new VirtualClock()).othersUse(QUOTA)).toEqual({ requests: 0, tokens: 0 });
  });
});

it('is reckoned a few times in an interval, and at once when the limits, the bus or the minute change', async () => {
  const { clock, shares } = await joined();
  const self = sharer('a', clock.nowMs());
  const other = sharer('b', clock.nowMs());
  refreshed(shares, self, []);
  await clock.advance(124);
  refreshed(shares, self, [other]);
  expect(shares.of(QUOTA).requests).toBe(600);
  await clock.advance(2);
  refreshed(shares, self, [other]);
  expect(shares.of(QUOTA).requests).toBe(300);
  refreshed(shares, self, [other], { requestsPerMinute: 60 });
  expect(shares.of(QUOTA).requests).toBe(30);
  refreshed(shares, self, [other]);
  await clock.advance(60_000 - (clock.nowMs() % 60_000) - 1);
  const later = [sharer('a', clock.nowMs()), sharer('b', clock.nowMs())] as const;
  refreshed(shares, later[0], [later[1]]);
  await clock.advance(1);
  refreshed(shares, sharer('a', clock.nowMs(), { requests: 100 }), [later[1]]);
  expect(shares.of(QUOTA).requests).toBeGreaterThan(300);
});

it('adds up to the limit, or of tokens to nearly all, when all have heard the same, whatever was used and is wanted', async () => {
  const amount = (most: number) => fc.integer({ min: 0, max: most });
  const use = fc.record({
    requests: amount(100),
    tokens: amount(100_000),
    wantedRequestsPerMinute: amount(2_000),
    wantedTokensPerMinute: amount(2_000_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(use, { minLength: 1, maxLength: 12 }), async (uses) => {
      const clock = new VirtualClock();
      const all = uses.map((use, place) => ({ shares: new Shares(clock), id: `peer-${place}`, use }));
      await clock.advance(JOINED_MS);
      const told = all.map(({ id, use }) => sharer(id, clock.nowMs(), use));
      for (const [place, { shares }] of all.entries()) {
        const self = told[place];
        if (self === undefined) continue;
        refreshed(shares, self, told.filter((other) => other !== self).toReversed());
      }
      const requests = sum(all.map(({ shares }) => shares.of(QUOTA).requests ?? 0));
      const tokens = sum(all.map(({ shares }) => shares.of(QUOTA).tokens ?? 0));
      expect(requests).toBeCloseTo(600, 6);
      expect(tokens).toBeCloseTo((all.length > 1 ? SHARED_PART : 1) * 1_000_000, 3);
    }),
    { numRuns: 50 },
  );
});

describe('a fleet', () => {
  it('uses all of a limit and no more, however unevenly the traffic comes', () => {
    const shape = fc.record({
      seed: fc.nat(),
      rates: fc.array(fc.constantFrom(0, 10, 100, 300, 1_000), { minLength: 2, maxLength: 8 }),
      delayMs: fc.integer({ min: 0, max: 90 }),
    });
    fc.assert(
      fc.property(shape, ({ seed, rates, delayMs }) => {
        const fleet = new ShareFleet(seededRng(seed), rates.length, { ...FLEET, delayMs });
        fleet.run(120_000, (place) => rates[place] ?? 0);
        expect(fleet.vendor.mostRequests).toBeLessThanOrEqual(600);
        const asked = Math.min(600, 0.9 * sum(rates));
        expect(fleet.vendor.granted / 2).toBeGreaterThanOrEqual(0.97 * asked);
      }),
      { numRuns: 10 },
    );
  });

  it('exceeds a limit of tokens by no more than what was in flight', () => {
    const limits = { requestsPerMinute: 1e6, tokensPerMinute: 300_000 };
    const fleet = new ShareFleet(seededRng(3), 3, { ...FLEET, limits });
    fleet.run(180_000, () => 600);
    // Half of all tokens may be asked for within the first second: answers of two seconds, at 30 requests a second.
    expect(fleet.vendor.mostTokens).toBeLessThan(300_000 + 2.5 * 30 * 500);
    expect(fleet.vendor.grantedTokens / 3).toBeGreaterThan(0.97 * 300_000);
  });

  it('uses nearly all of a limit of tokens, however unevenly the traffic comes', () => {
    const limits = { requestsPerMinute: 1e6, tokensPerMinute: 300_000 };
    const fleet = new ShareFleet(seededRng(4), 3, { ...FLEET, limits });
    fleet.run(90_000, (place) => (place === 0 ? 900 : 10));
    const before = fleet.vendor.grantedTokens;
    fleet.run(120_000, (place) => (place === 0 ? 900 : 10));
    expect((fleet.vendor.grantedTokens - before) / 2).toBeGreaterThan(0.92 * 300_000);
  });

  it('exceeds a limit by what comes while clocks differ, no more', () => {
    const skewMs = [-400, 0, 400];
    for (const seed of [1, 2, 3, 4]) {
      const fleet = new ShareFleet(seededRng(seed), 3, { ...FLEET, skewMs });
      fleet.run(180_000, () => 400);
      // 0.8 seconds of twenty requests in each, twice what comes on average.
      expect(fleet.vendor.mostRequests).toBeLessThanOrEqual(600 + 2 * 0.8 * 20);
    }
  });

  it('moves shares to where the traffic has gone within ten seconds', () => {
    const fleet = new ShareFleet(seededRng(5), 3, FLEET);
    const limit = FLEET.limits.requestsPerMinute;
    fleet.run(62_000, (place) => (place === 0 ? 500 : 20));
    fleet.run(10_000, (place) => (place === 1 ? 500 : 20));
    const rest = limit - fleet.peers.reduce((used, { user }) => used + user.use.requests, 0);
    const [, taker] = fleet.peers;
    const room = (taker?.shares.of(QUOTA).requests ?? 0) - (taker?.user.use.requests ?? 0);
    expect(room).toBeGreaterThan(0.55 * rest);
    fleet.run(48_000, (place) => (place === 1 ? 500 : 20));
    expect(fleet.vendor.mostRequests).toBeLessThanOrEqual(limit);
    expect(taker?.user.held).toBe(0);
  });

  it('takes over the share of a dead peer within a minute, and never exceeds the limit meanwhile', () => {
    const fleet = new ShareFleet(seededRng(6), 3, FLEET);
    fleet.run(70_000, () => 400);
    const [dead] = fleet.peers;
    if (dead !== undefined) dead.isUp = false;
    fleet.run(110_000, () => 400);
    const granted = fleet.vendor.granted;
    fleet.run(60_000, () => 400);
    expect(fleet.vendor.granted - granted).toBe(600);
    expect(fleet.vendor.mostRequests).toBeLessThanOrEqual(600);
  });

  it('keeps to the limit for three quarters of a minute after a cut, on both sides of it', () => {
    const fleet = new ShareFleet(seededRng(7), 4, FLEET);
    fleet.run(70_000, (place) => 100 + 200 * place);
    const isLeft = (id: string) => id < 'peer-001~';
    fleet.reaches = (from, to) => isLeft(from) === isLeft(to);
    fleet.run(45_000, (place) => 100 + 200 * place);
    // What was spent between the last word and the notice of silence was divided for both sides.
    expect(fleet.vendor.mostRequests).toBeLessThanOrEqual(630);
    fleet.reaches = () => true;
    fleet.run(125_000, (place) => 100 + 200 * place);
    const granted = fleet.vendor.granted;
    fleet.run(60_000, (place) => 100 + 200 * place);
    expect(fleet.vendor.granted - granted).toBeGreaterThan(580);
  });

  it('goes on at once with a peer that joins, without exceeding the limit', () => {
    const fleet = new ShareFleet(seededRng(8), 3, FLEET);
    fleet.run(80_000, () => 300);
    fleet.join();
    fleet.run(100_000, () => 300);
    expect(fleet.vendor.mostRequests).toBeLessThanOrEqual(600);
    expect(fleet.peers[3]?.user.came).toBeGreaterThan(fleet.peers[3]?.user.held ?? 0);
  });
});
