import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fill, fillWhole } from './water-filling.ts';

const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
const demands = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })), {
  minLength: 1,
  maxLength: 100,
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

it('gives the modest what they ask for, and divides the rest equally among the others', () => {
  expect(fill(100, [10, 80, 50])).toEqual([10, 45, 45]);
});

it('divides what nobody asks for equally', () => {
  expect(fill(100, [10, 20, 40])).toEqual([20, 30, 50]);
});

it('gives nothing of nothing', () => {
  expect(fill(0, [10, 20])).toEqual([0, 0]);
  expect(fill(-5, [10, 20])).toEqual([0, 0]);
  expect(fill(100, [])).toEqual([]);
});

it('gives out all that there is', () => {
  fc.assert(
    fc.property(amount, demands, (amount, demands) => {
      expect(Math.abs(sum(fill(amount, demands)) - amount)).toBeLessThanOrEqual(1e-9 * (1 + amount + sum(demands)));
    }),
  );
});

it('gives nobody less than another who asks for less, and nobody more than it asks for while others lack', () => {
  fc.assert(
    fc.property(amount, demands, (amount, demands) => {
      const parts = fill(amount, demands);
      const isScarce = sum(demands) > amount;
      const level = Math.max(...parts);
      for (const [place, demand] of demands.entries()) {
        const part = parts[place] ?? 0;
        if (isScarce) expect(part).toBeLessThanOrEqual(demand);
        else expect(part).toBeGreaterThanOrEqual(demand);
        if (isScarce && part < demand) expect(part).toBe(level);
      }
    }),
  );
});

it('gives the same to the same demands in another order', () => {
  fc.assert(
    fc.property(amount, demands, (amount, demands) => {
      const parts = fill(amount, demands);
      const reversed = fill(amount, demands.toReversed()).toReversed();
      for (const [place, part] of parts.entries()) expect(reversed[place]).toBeCloseTo(part, 3);
    }),
  );
});

it('divides whole units into whole units, none of them lost, each less than one away from the exact part', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), demands, (amount, demands) => {
      const parts = fillWhole(amount, demands);
      const exact = fill(amount, demands);
      expect(sum(parts)).toBe(amount);
      for (const [place, part] of parts.entries()) {
        expect(Number.isInteger(part)).toBe(true);
        expect(Math.abs(part - (exact[place] ?? 0))).toBeLessThan(1.001);
      }
    }),
  );
});

it('gives the last units to those who lack the most of one, and to the first of those who lack the same', () => {
  expect(fillWhole(4, [1.2, 1.2, 1.6])).toEqual([1, 1, 2]);
  expect(fillWhole(4, [9, 9, 9])).toEqual([2, 1, 1]);
});
