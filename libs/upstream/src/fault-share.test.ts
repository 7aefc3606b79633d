import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultShare, priceOf } from './fault-share.ts';

function setUp() {
  const clock = new VirtualClock();
  return { clock, faults: new FaultShare(clock) };
}

async function record({ clock, faults }: ReturnType<typeof setUp>, attempts: readonly boolean[]): Promise<void> {
  for (const isFault of attempts) {
    await clock.advance(100);
    faults.record(isFault);
  }
}

const times = (count: number, isFault: boolean) => Array<boolean>(count).fill(isFault);

describe('FaultShare', () => {
  it('is nothing, and costs nothing, without a fault', async () => {
    const set = setUp();
    expect([set.faults.share(0), priceOf(set.faults.share(0))]).toEqual([0, 1]);
    await record(set, times(50, false));
    expect([set.faults.share(5000), priceOf(set.faults.share(5000))]).toEqual([0, 1]);
  });

  it('makes one fault among few attempts no verdict', async () => {
    const set = setUp();
    await record(set, [true]);
    expect(set.faults.share(100)).toBeLessThan(0.34);
    const many = setUp();
    await record(many, times(30, true));
    expect(many.faults.share(3000)).toBeGreaterThan(0.8);
  });

  it('costs more the larger it is', async () => {
    const penalties: number[] = [];
    for (const faults of [0, 1, 5, 10, 20]) {
      const set = setUp();
      await record(set, [...times(20 - faults, false), ...times(faults, true)]);
      penalties.push(priceOf(set.faults.share(2000)));
    }
    expect(penalties.toSorted((a, b) => a - b)).toEqual(penalties);
    expect(new Set(penalties).size).toBe(5);
    // A target that always fails must be dearer than any that is merely slow.
    expect(penalties.at(-1)).toBeGreaterThan(10);
  });

  it('outlives a pause of ten seconds, and is forgotten within some minutes', async () => {
    const set = setUp();
    await record(set, times(20, true));
    const atFirst = set.faults.share(2000);
    expect(set.faults.share(12_000)).toBeGreaterThan(atFirst / 2);
    expect(set.faults.share(600_000)).toBeLessThan(0.01);
    expect(set.faults.share(36_000_000)).toBeCloseTo(0, 9);
  });

  it('only shrinks while nobody asks', async () => {
    const set = setUp();
    await record(set, [true, false, true]);
    let before = set.faults.share(300);
    for (let atMs = 1000; atMs < 300_000; atMs += 1000) {
      const share = set.faults.share(atMs);
      expect(share).toBeLessThan(before);
      before = share;
    }
  });

  it('agrees with a list of all attempts, each weighed by its age', async () => {
    // The constants are read off three single attempts, so that the property judges the arithmetic and not the tuning.
    const lone = setUp();
    lone.faults.record(true);
    const credit = 1 / lone.faults.share(0) - 1;
    const laterShare = lone.faults.share(1000);
    const memoryMs = -1000 / Math.log((credit * laterShare) / (1 - laterShare));
    const attempt = fc.record({ afterMs: fc.nat({ max: 60_000 }), isFault: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 100 }), fc.nat({ max: 600_000 }), async (attempts, idleMs) => {
        const { clock, faults } = setUp();
        const list: { atMs: number; isFault: boolean }[] = [];
        for (const { afterMs, isFault } of attempts) {
          await clock.advance(afterMs);
          faults.record(isFault);
          list.push({ atMs: clock.nowMs(), isFault });
        }
        const nowMs = clock.nowMs() + idleMs;
        const weight = (of: readonly { atMs: number }[]) =>
          of.reduce((sum, { atMs }) => sum + Math.exp((atMs - nowMs) / memoryMs), 0);
        const share = weight(list.filter(({ isFault }) => isFault)) / (weight(list) + credit);
        expect(faults.share(nowMs)).toBeCloseTo(share, 9);
        expect(faults.share(nowMs)).toBeLessThan(1);
        expect(priceOf(faults.share(nowMs))).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
