import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median } from './median.ts';

const weighed = fc.array(
  fc.record({ value: fc.double({ noNaN: true }), weight: fc.double({ min: 0.001, max: 50, noNaN: true }) }),
  { minLength: 1, maxLength: 30 },
);

describe('the weighted median', () => {
  it('is nothing of nothing', () => {
    expect([median([]), median([{ value: 3, weight: 0 }])]).toEqual([undefined, undefined]);
  });

  it('has at most half of the weight on either side', () => {
    fc.assert(
      fc.property(weighed, (all) => {
        const middle = median(all) ?? Number.NaN;
        const weight = (of: typeof all) => of.reduce((sum, one) => sum + one.weight, 0);
        const half = weight(all) / 2 + 1e-6;
        expect(weight(all.filter(({ value }) => value < middle))).toBeLessThanOrEqual(half);
        expect(weight(all.filter(({ value }) => value > middle))).toBeLessThanOrEqual(half);
        expect(all.map(({ value }) => value)).toContain(middle);
      }),
    );
  });

  it('stays within what the others say, whatever a minority says', () => {
    fc.assert(
      fc.property(
        weighed,
        fc.double({ noNaN: true }),
        fc.double({ min: 0.01, max: 0.49, noNaN: true }),
        (all, lie, part) => {
          const weight = all.reduce((sum, one) => sum + one.weight, 0) * part;
          const middle = median([...all, { value: lie, weight }]) ?? Number.NaN;
          const values = all.map(({ value }) => value);
          expect(middle).toBeGreaterThanOrEqual(Math.min(...values));
          expect(middle).toBeLessThanOrEqual(Math.max(...values));
        },
      ),
    );
  });
});
