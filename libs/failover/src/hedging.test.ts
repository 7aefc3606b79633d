import { seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { HedgeBudget } from './hedge-budget.ts';
import { Hedging } from './hedging.ts';

const OPTIONS = { maxShare: 0.05, quantile: 0.95 };
/** At which times are kept as they are. */
const REFERENCE_TOKENS = 1000;

function taught(ms: number, promptTokens = REFERENCE_TOKENS): Hedging {
  const hedging = new Hedging(new VirtualClock(), OPTIONS);
  for (let sample = 0; sample < 100; sample++) hedging.noteFirstToken(promptTokens, ms);
  return hedging;
}

describe('Hedging', () => {
  it('expects a longer first token of a longer prompt', () => {
    const short = taught(300).patienceMs(REFERENCE_TOKENS) ?? 0;
    expect(Math.abs(short / 300 - 1)).toBeLessThan(0.05);
    expect(taught(300).patienceMs(46_000)).toBeCloseTo(short * 10, 6);
    expect(taught(3000, 46_000).patienceMs(REFERENCE_TOKENS)).toBeCloseTo(short, 6);
    expect(taught(300).patienceMs(0)).toBeCloseTo(short * 0.8, 6);
  });

  it('knows nothing, and so hedges nothing, at first', () => {
    expect(new Hedging(new VirtualClock(), OPTIONS).patienceMs(REFERENCE_TOKENS)).toBeUndefined();
  });

  it('takes an unfinished wait for longer than usual when it was, and for nothing when it was not', () => {
    const hedging = taught(300);
    const before = hedging.patienceMs(REFERENCE_TOKENS) ?? 0;
    for (let wait = 0; wait < 500; wait++) hedging.noteWait(REFERENCE_TOKENS, 20);
    expect(hedging.patienceMs(REFERENCE_TOKENS)).toBe(before);
    for (let wait = 0; wait < 10; wait++) hedging.noteWait(REFERENCE_TOKENS, 900);
    expect(hedging.patienceMs(REFERENCE_TOKENS)).toBeGreaterThan(800);
    const unknowing = new Hedging(new VirtualClock(), OPTIONS);
    for (let wait = 0; wait < 500; wait++) unknowing.noteWait(REFERENCE_TOKENS, 900);
    expect(unknowing.patienceMs(REFERENCE_TOKENS)).toBeUndefined();
  });

  // Every late attempt is cut short by a hedge that answers 150 ms later, so nothing of the true tail is ever seen. The
  // samples fade with a half-life of a minute, 8,600 at this rate: four standard deviations of the estimate are 14 % of
  // the percentile's own spread of 0.46 a hundredth; with half a bucket, 12 % is wide.
  it('does not talk its own limit down by what it cuts short', async () => {
    const clock = new VirtualClock();
    const hedging = new Hedging(clock, OPTIONS);
    const rng = seededRng(3);
    for (let exchange = 0; exchange < 60_000; exchange++) {
      if (exchange % 100 === 0) await clock.advance(1000);
      const ms = 200 - 300 * Math.log(1 - rng());
      const patienceMs = hedging.patienceMs(REFERENCE_TOKENS);
      if (patienceMs !== undefined && ms > patienceMs + 150) hedging.noteWait(REFERENCE_TOKENS, patienceMs + 150);
      else hedging.noteFirstToken(REFERENCE_TOKENS, ms);
    }
    expect(Math.abs((hedging.patienceMs(REFERENCE_TOKENS) ?? 0) / (200 + 300 * Math.log(20)) - 1)).toBeLessThan(0.12);
  });
});

describe('HedgeBudget', () => {
  it('allows the share of exchanges, one to begin with, and a small burst after calm', () => {
    const budget = new HedgeBudget(0.05);
    const hedgeAll = (exchanges: number) => {
      let hedges = 0;
      for (let exchange = 0; exchange < exchanges; exchange++) {
        budget.deposit();
        if (budget.withdraw()) hedges++;
      }
      return hedges;
    };
    expect(hedgeAll(10_000)).toBeLessThanOrEqual(501);
    expect(hedgeAll(10_000)).toBeGreaterThanOrEqual(499);
    for (let exchange = 0; exchange < 10_000; exchange++) budget.deposit();
    expect(hedgeAll(10)).toBe(5);
    expect(budget.balance).toBeLessThan(1);
  });

  it('allows none at a share of 0', () => {
    const budget = new HedgeBudget(0);
    for (let exchange = 0; exchange < 100; exchange++) budget.deposit();
    expect(budget.withdraw()).toBe(false);
  });
});
