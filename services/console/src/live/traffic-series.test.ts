import { describe, expect, test } from 'vitest';
import { targetView, viewOf } from '../fixtures/views.ts';
import { stepAt, STEPS, TrafficSeries } from './traffic-series.ts';
import { splitTraffic } from './traffic-split.ts';

const NOW_MS = 1_000_000;

function viewWith(counts: Readonly<Record<string, number>>) {
  const none = { attempts: 0, failed: 0, promptTokens: 0, completionTokens: 0, costUsd: 0 };
  return viewOf(Object.entries(counts).map(([key, attempts]) => targetView({ key, tally: { ...none, attempts } })));
}

describe('the traffic', () => {
  test('goes on where the gateway’s memory ends, without a seam and without a jump', () => {
    const series = new TrafficSeries();
    const past = Array.from({ length: STEPS }, () => 4);
    series.recall({ stepMs: 2000, targets: { 'mistral/a/large': past }, routes: {}, failures: {} }, NOW_MS);
    // The first view says only where the sums stand.
    series.follow(viewWith({ a: 5000 }), NOW_MS);
    for (let second = 1; second <= 20; second++)
      series.follow(viewWith({ a: 5000 + 2 * second }), NOW_MS + second * 1000);
    const rates = series.targets.rates('mistral/a/large', stepAt(NOW_MS + 20_000));
    expect(rates.slice(0, -12)).toEqual(Float64Array.from({ length: STEPS - 13 }, () => 2));
    expect(rates.slice(-9)).toEqual(Float64Array.from({ length: 9 }, () => 2));
    expect(series.targets.rate('mistral/a/large', stepAt(NOW_MS + 20_000))).toBe(2);
  });

  test('of a process that began anew counts nothing twice and nothing below zero', () => {
    const series = new TrafficSeries();
    for (const [second, sum] of [100, 110, 3, 9].entries()) series.follow(viewWith({ a: sum }), NOW_MS + second * 1000);
    const rates = series.targets.rates('mistral/a/large', stepAt(NOW_MS + 10_000));
    expect(rates.reduce((sum, rate) => sum + rate * 2, 0)).toBe(16);
  });

  test('that has ended is over', () => {
    const series = new TrafficSeries();
    series.follow(viewWith({ a: 0 }), NOW_MS);
    series.follow(viewWith({ a: 100 }), NOW_MS + 1000);
    const later = stepAt(NOW_MS + 1_000_000);
    expect([
      series.targets.rate('mistral/a/large', later),
      Math.max(...series.targets.rates('mistral/a/large', later)),
    ]).toEqual([0, 0]);
  });
});

describe('the split', () => {
  test('names the busiest, has the rest as one, and keeps everybody’s colour', () => {
    const series = new TrafficSeries();
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    const counts = (scale: number) => Object.fromEntries(keys.map((key, place) => [key, scale * (place + 1)]));
    series.follow(viewWith(counts(0)), NOW_MS);
    series.follow(viewWith(counts(10)), NOW_MS + 1000);
    const { targets } = viewWith(counts(10));
    const colours = new Map<string, number>();
    const split = splitTraffic(series, targets, 'key', colours, NOW_MS + 10_000);
    expect(split.bands.map(({ name }) => name)).toEqual([
      ...['i', 'h', 'g', 'f', 'e', 'd', 'c'].map((key) => `mistral/${key}`),
      'others',
    ]);
    series.follow(viewWith({ ...counts(10), a: 1000 }), NOW_MS + 11_000);
    const after = splitTraffic(series, targets, 'key', colours, NOW_MS + 20_000);
    const colourOf = (name: string) => after.bands.find((band) => band.name === name)?.colour;
    expect(['mistral/i', 'mistral/d', 'mistral/a'].map(colourOf)).toEqual([0, 5, 6]);
    expect(splitTraffic(series, targets, 'provider', new Map(), NOW_MS + 20_000).bands).toHaveLength(1);
  });
});
