import { seededRng, VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FirstTokenQuantile } from './first-token-quantile.ts';

/** Half a bucket: the square root of 1.1. */
const OFF_BY = 1.0489;

const times = fc.array(
  fc.record({ ms: fc.double({ min: 1, max: 600_000, noNaN: true }), restMs: fc.integer({ min: 0, max: 4000 }) }),
  { minLength: 150, maxLength: 400 },
);

describe('FirstTokenQuantile', () => {
  it('is within a bucket of the exact quantile of samples that fade by half in a minute', async () => {
    await fc.assert(
      fc.asyncProperty(times, fc.constantFrom(0.5, 0.9, 0.95, 0.99), async (samples, quantile) => {
        const clock = new VirtualClock();
        const estimate = new FirstTokenQuantile(clock, quantile);
        const seen: { ms: number; atMs: number }[] = [];
        for (const { ms, restMs } of samples) {
          await clock.advance(seen.length % 20 === 0 ? restMs : 0);
          estimate.add(ms);
          seen.push({ ms, atMs: clock.nowMs() });
        }
        const weighed = seen.map(({ ms, atMs }) => ({ ms, weight: 2 ** ((atMs - clock.nowMs()) / 60_000) }));
        const share = (isIn: (ms: number) => boolean) =>
          weighed.reduce((sum, { ms, weight }) => sum + (isIn(ms) ? weight : 0), 0) /
          weighed.reduce((sum, { weight }) => sum + weight, 0);
        const { ms: answer = Number.NaN } = estimate;
        expect(share((ms) => ms <= answer * OFF_BY)).toBeGreaterThanOrEqual(quantile - 1e-9);
        expect(share((ms) => ms < answer / OFF_BY)).toBeLessThanOrEqual(quantile + 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('tells nothing before it has fifty samples', () => {
    const estimate = new FirstTokenQuantile(new VirtualClock(), 0.95);
    for (let sample = 0; sample < 49; sample++) estimate.add(100);
    expect(estimate.ms).toBeUndefined();
    estimate.add(100);
    expect(estimate.ms).toBeGreaterThan(100 / OFF_BY);
    expect(estimate.ms).toBeLessThan(100 * OFF_BY);
  });

  it('tells nothing again once the samples are old', async () => {
    const clock = new VirtualClock();
    const estimate = new FirstTokenQuantile(clock, 0.95);
    for (let sample = 0; sample < 100; sample++) estimate.add(100);
    await clock.advance(59_000);
    expect(estimate.ms).toBeDefined();
    await clock.advance(2000);
    expect(estimate.ms).toBeUndefined();
  });

  it('follows a change within minutes', async () => {
    const clock = new VirtualClock();
    const estimate = new FirstTokenQuantile(clock, 0.95);
    const tenASecond = async (ms: number, forMs: number) => {
      for (let sinceMs = 0; sinceMs < forMs; sinceMs += 100) {
        estimate.add(ms);
        await clock.advance(100);
      }
    };
    await tenASecond(1000, 120_000);
    await tenASecond(100, 200_000);
    expect(estimate.ms).toBeGreaterThan(900);
    // What was slow has 7.6 % of the weight then, and 3.8 % a minute later.
    await tenASecond(100, 60_000);
    expect(estimate.ms).toBeLessThan(110);
  });

  it('goes on rightly for days, and after days of silence', async () => {
    const clock = new VirtualClock();
    const estimate = new FirstTokenQuantile(clock, 0.95);
    for (let hour = 0; hour < 100; hour++) {
      await clock.advance(3_600_000);
      for (let sample = 0; sample < 60; sample++) estimate.add(100 + hour);
      expect(Math.abs((estimate.ms ?? 0) / (100 + hour) - 1)).toBeLessThan(0.05);
    }
    await clock.advance(1e12);
    expect(estimate.ms).toBeUndefined();
    for (let sample = 0; sample < 60; sample++) estimate.add(7);
    expect(Math.abs((estimate.ms ?? 0) / 7 - 1)).toBeLessThan(0.05);
  });

  it('takes what is too short or too long for the nearest it can hold', () => {
    const estimate = new FirstTokenQuantile(new VirtualClock(), 0.5);
    for (let sample = 0; sample < 60; sample++) estimate.add(0);
    expect(estimate.ms).toBeLessThan(1.1);
    for (let sample = 0; sample < 100; sample++) estimate.add(1e9);
    expect(estimate.ms).toBeGreaterThan(1_000_000);
  });

  // 20,000 exponential times: one standard deviation of the 95th percentile is sqrt(0.95 × 0.05 ÷ n) ÷ 0.05 of the mean
  // time, 3 % of it or 1 % of the percentile; with half a bucket and the fading, 12 % is more than four.
  it('is true of independent draws', () => {
    const estimate = new FirstTokenQuantile(new VirtualClock(), 0.95);
    const rng = seededRng(5);
    for (let sample = 0; sample < 20_000; sample++) estimate.add(-500 * Math.log(1 - rng()));
    expect(Math.abs((estimate.ms ?? 0) / (500 * Math.log(20)) - 1)).toBeLessThan(0.12);
  });
});
