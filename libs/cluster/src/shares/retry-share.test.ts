import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RetryShare } from './retry-share.ts';
import type { RetryUse } from '../shapes.ts';

const FLOOR = { floorPerSecond: 3, intervalMs: 250 };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Each peer tells, all hear, and then each spends what it wants of its share. */
async function rounds(count: number, earned: readonly number[], wanted: readonly number[]): Promise<number[]> {
  const clock = new VirtualClock();
  const shares = earned.map(() => new RetryShare(clock));
  let told: RetryUse[] = earned.map((earnedPerSecond) => ({ earnedPerSecond, spentPerSecond: 0 }));
  for (let round = 0; round < count; round++) {
    await clock.advance(FLOOR.intervalMs);
    for (const [place, share] of shares.entries()) {
      const self = told[place];
      if (self !== undefined) share.refresh({ ...FLOOR, self, others: told.filter((use) => use !== self) });
    }
    told = told.map(({ earnedPerSecond }, place) => ({
      earnedPerSecond,
      spentPerSecond: Math.min(wanted[place] ?? 0, shares[place]?.perSecond ?? 0),
    }));
  }
  return shares.map(({ perSecond }) => perSecond ?? 0);
}

it('is not known before the first refresh', () => {
  expect(new RetryShare(new VirtualClock()).perSecond).toBeUndefined();
});

it('gives a lone peer what it earns and the floor', async () => {
  expect(await rounds(1, [7], [0])).toEqual([10]);
});

it('gives a failing peer what the others do not need, within a dozen digests', async () => {
  const [failing = 0, ...others] = await rounds(12, [10, 10, 10], [1_000, 0, 0]);
  expect(failing).toBeGreaterThan(30);
  expect(Math.min(...others)).toBeGreaterThanOrEqual(1);
});

it('divides equally among those who all fail', async () => {
  for (const share of await rounds(20, [30, 0, 0], [1_000, 1_000, 1_000])) expect(share).toBeCloseTo(11, 5);
});

it('never lets the fleet make more retries than it earns and its floor, when all have heard the same', async () => {
  const fleet = fc.array(
    fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true })),
    { minLength: 1, maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(fleet, fc.integer({ min: 1, max: 15 }), async (fleet, count) => {
      const earned = fleet.map(([earned]) => earned);
      const shares = await rounds(
        count,
        earned,
        fleet.map(([, wanted]) => wanted),
      );
      expect(sum(shares)).toBeLessThanOrEqual(FLOOR.floorPerSecond + sum(earned) + 1e-6);
    }),
    { numRuns: 50 },
  );
});

it('lets go at once of what another needs, and takes it over a digest later', async () => {
  const clock = new VirtualClock();
  const share = new RetryShare(clock);
  const self = { earnedPerSecond: 10, spentPerSecond: 10 };
  share.refresh({ ...FLOOR, self, others: [] });
  expect(share.perSecond).toBe(13);
  share.refresh({ ...FLOOR, self, others: [{ earnedPerSecond: 0, spentPerSecond: 10 }] });
  expect(share.perSecond).toBe(6.5);
  share.refresh({ ...FLOOR, self, others: [] });
  await clock.advance(FLOOR.intervalMs + 100);
  share.refresh({ ...FLOOR, self, others: [] });
  expect(share.perSecond).toBe(6.5);
  await clock.advance(1);
  share.refresh({ ...FLOOR, self, others: [] });
  expect(share.perSecond).toBe(13);
});
