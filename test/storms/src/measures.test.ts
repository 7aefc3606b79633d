import { describe, expect, it } from 'vitest';
import { measure } from './measures.ts';
import type { ExchangeRecord } from './run-storm.ts';
import type { Storm } from './storms/storm.ts';

/** Target `a` is bad from second 10 to second 40; a client comes each 20 ms. */
const storm: Storm = {
  id: 'S0',
  title: 'a toy',
  durationMs: 40_000,
  requestsPerSecond: 50,
  providers: {},
  pools: [],
  limits: {},
  spells: [{ target: 'a', fromMs: 10_000, untilMs: 40_000, weather: {}, isBad: true }],
};

function figures(askedAt: (atMs: number) => number, more: Partial<ExchangeRecord> = {}): ReturnType<typeof measure> {
  const exchanges = Array.from({ length: 2000 }, (_, index) => ({
    atMs: index * 20,
    firstTokenMs: index,
    error: '',
    asked: [askedAt(index * 20)],
    wasted: 0,
    limited: 0,
    ...more,
  }));
  return measure(storm, { targets: ['a', 'b'], exchanges, quotaUsed: [] });
}

describe('the measures of a storm', () => {
  it('count a target as left from the first moment after which fewer than one in a hundred go there for 5 s', () => {
    // The last one goes there at 6.98 s after the onset; two in 249 are fewer than one in a hundred, three are not.
    expect(figures((atMs) => (atMs < 17_000 ? 0 : 1)).leftAfterMs).toBe(6940);
    expect(figures(() => 1).leftAfterMs).toBe(0);
  });

  it('count a target that is never left with the whole spell', () => {
    expect(figures((atMs) => (atMs / 20) % 2).leftAfterMs).toBeGreaterThan(29_900);
  });

  it('do not take a probe now and then for traffic', () => {
    expect(figures((atMs) => (atMs < 12_000 || atMs % 5000 === 0 ? 0 : 1)).leftAfterMs).toBeLessThan(2000);
  });

  it('take the steady share over the last two thirds of the bad time', () => {
    expect(figures((atMs) => (atMs < 30_000 ? 0 : 1)).badShare).toBe(0.5);
    expect(figures((atMs) => (atMs < 20_000 ? 0 : 1)).badShare).toBe(0);
  });

  it('take quantiles over the exchanges that did well, and charge a minute for each that did not', () => {
    const well = figures(() => 1);
    expect([well.p50Ms, well.p99Ms, well.errorShare]).toEqual([1000, 1980, 0]);
    const failed = figures(() => 1, { firstTokenMs: undefined, error: 'GW_DEADLINE' });
    expect(failed).toMatchObject({ errorShare: 1, meanCostMs: 60_000, errors: { GW_DEADLINE: 2000 } });
  });
});
