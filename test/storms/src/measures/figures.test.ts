import { describe, expect, it } from 'vitest';
import type { ExchangeRecord } from '../exchange-record.ts';
import { type Figures, measure } from './figures.ts';
import { exchange, steady, TOY } from '../fixtures/toy-storm.ts';

function figures(askedAt: (atMs: number) => number, more: Partial<ExchangeRecord> = {}): Figures {
  const record = steady((atMs) => ({ asked: [askedAt(atMs)], firstTokenMs: atMs / 20, ...more }));
  return measure(TOY, record).figures;
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

  it('take the early share from 2 s to 10 s after the onset, and the steady one over the last two thirds', () => {
    const left = (afterMs: number) => figures((atMs) => (atMs < 10_000 + afterMs ? 0 : 1));
    expect([left(2000).earlyShare, left(6000).earlyShare, left(10_000).earlyShare]).toEqual([0, 0.5, 1]);
    expect([left(20_000).badShare, left(10_000).badShare]).toEqual([0.5, 0]);
  });

  it('take quantiles over the exchanges that did well, and charge a minute for each that did not', () => {
    const well = figures(() => 1);
    expect([well.p50Ms, well.p99Ms, well.errorShare]).toEqual([1000, 1980, 0]);
    const failed = figures(() => 1, { firstTokenMs: undefined, error: 'GW_DEADLINE', flaw: 'late' });
    expect(failed).toMatchObject({ errorShare: 1, meanCostMs: 60_000, errors: { GW_DEADLINE: 2000 } });
    expect(failed.flaws).toEqual({ late: 2000, untold: 0, untrue: 0 });
  });

  it('count refusals among all attempts, and hedges apart from waste', () => {
    const exchanges = [exchange({ asked: [0, 1], limited: 1, wasted: 1 }), exchange({ asked: [1, 0], hedged: 1 })];
    expect(measure(TOY, { targets: ['a', 'b'], exchanges, quotas: [] }).figures).toMatchObject({
      limitedShare: 0.25,
      limitedPer100: 50,
      wastedPer100: 50,
      hedgedPer100: 50,
    });
  });

  it('keep gaps beside the first tokens of answers in one piece, where streams break', () => {
    const exchanges = [exchange({ gapsMs: [700, 300] }), exchange({ firstTokenMs: 500 }), exchange()];
    const record = { targets: ['a', 'b'], exchanges, quotas: [] };
    expect(measure(TOY, record).samples.gapsMs).toHaveLength(0);
    const breaking = [{ target: 'a', fromMs: 0, untilMs: 1, weather: { breakShare: 0.1 }, isBad: false }];
    const { samples } = measure({ ...TOY, spells: breaking }, record);
    expect([...samples.gapsMs, ...samples.unbrokenMs]).toEqual([300, 700, 400, 500]);
  });
});
