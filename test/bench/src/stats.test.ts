import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { median, pairedDifferences, pairedRatios, percentile, spread } from './stats.ts';

const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 });

describe('median', () => {
  test('is the middle value, or halfway between the two middle ones', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('has as many values above it as below', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const middle = median(values);
        expect(values.filter((v) => v < middle).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((v) => v > middle).length).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  test('does not reorder what it was given', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  test('of nothing is a fault, not a number', () => {
    expect(() => median([])).toThrow('no values');
  });
});

describe('percentile', () => {
  test('is the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.5)).toBe(7);
  });

  test('is always one of the values', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.001, max: 1, noNaN: true }), (values, share) => {
        expect(values).toContain(percentile(values, share));
      }),
    );
  });
});

describe('spread', () => {
  test('names the middle and both ends', () => {
    expect(spread([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
  });
});

describe('pairs', () => {
  const left = new Map([
    [1, 10],
    [2, 40],
    [3, 9],
  ]);
  const right = new Map([
    [1, 5],
    [3, 3],
    [4, 1],
  ]);

  test('are formed only within a round both sides ran', () => {
    expect(pairedRatios(left, right)).toEqual([2, 3]);
    expect(pairedDifferences(left, right)).toEqual([5, 6]);
  });

  test('leave out a ratio to zero', () => {
    expect(pairedRatios(new Map([[1, 1]]), new Map([[1, 0]]))).toEqual([]);
  });

  test('cancel a machine that is slow for whole rounds', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 9 }), (slowness) => {
        const fast = new Map(slowness.map((factor, round) => [round, 2 * factor]));
        const slow = new Map(slowness.map((factor, round) => [round, 6 * factor]));
        expect(median(pairedRatios(slow, fast))).toBe(3);
      }),
    );
  });
});
