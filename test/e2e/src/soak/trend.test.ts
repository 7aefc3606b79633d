import { expect, test } from 'vitest';
import { fifthsOf, minimaOf, type Point, trendOf } from './trend.ts';

/** Ten minutes, a point every five seconds. */
const series = (mibAt: (minute: number, index: number) => number): Point[] =>
  Array.from({ length: 121 }, (_, index) => ({ atMs: index * 5000, mib: mibAt(index / 12, index) }));

/** A sawtooth of three points, as a collector makes it. */
const sawtooth = (index: number): number => (index % 3) * 4;

test('calls a level line with a collector’s sawtooth flat', () => {
  const trend = trendOf(series((_, index) => 100 + sawtooth(index)));
  expect(trend.verdict).toBe('flat');
  expect(Math.abs(trend.slopeMiBPerMin)).toBeLessThan(0.05);
});

test('calls a leak of half a per cent a minute growth, and says its slope', () => {
  const trend = trendOf(series((minute, index) => 100 + minute + sawtooth(index)));
  expect(trend.verdict).toBe('grows');
  expect(trend.slopeMiBPerMin).toBeCloseTo(1, 1);
});

test('leaves the warm-up out', () => {
  expect(trendOf(series((minute) => 100 + Math.min(minute, 1.9) * 50)).verdict).toBe('flat');
});

test('does not judge a run of two minutes', () => {
  expect(trendOf(series((minute) => 100 + minute).slice(0, 25)).verdict).toBe('too short to judge');
});

test('takes the least of each window and the mean of each fifth', () => {
  const points = series((minute, index) => minute + sawtooth(index));
  expect(minimaOf(points, 30_000).map(({ mib }) => mib)).toEqual(Array.from({ length: 21 }, (_, at) => at / 2));
  expect(fifthsOf(series((minute) => Math.min(4, Math.floor(minute / 2))))).toEqual([0, 1, 2, 3, 4]);
});
