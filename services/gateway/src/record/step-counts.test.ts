import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StepCounts } from './step-counts.ts';

test('tell of the last 150 steps what was counted in each, whenever it was counted or asked for', () => {
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(5), fc.nat(400)), { maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(100_000), gaps, fc.nat(400), (start, waits, rest) => {
      const counts = new StepCounts();
      const counted = new Map<number, number>();
      let step = start;
      for (const wait of waits) {
        step += wait;
        counts.add(step);
        counted.set(step, (counted.get(step) ?? 0) + 1);
      }
      const now = step + rest;
      const expected = Array.from({ length: 150 }, (_, place) => counted.get(now - 149 + place) ?? 0);
      expect(counts.until(now)).toEqual(expected);
    }),
  );
});
