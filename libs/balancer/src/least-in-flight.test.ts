import { seededRng } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastInFlightPicker } from './least-in-flight.ts';
import { chiSquare, countPicks, describePicker, skip, toy } from './picker.contract.ts';

describePicker({ name: 'least-in-flight', create: leastInFlightPicker });

const PICKS = 20_000;

describe('leastInFlightPicker', () => {
  it('picks one of those with the fewest in flight for their weight', () => {
    const fields = fc.record({
      weight: fc.integer({ min: 0, max: 5 }),
      inFlight: fc.nat(20),
      available: fc.boolean(),
      skipped: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 12 }), fc.nat(), (drawn, seed) => {
        const candidates = drawn.map((more, index) => toy(`t${index}`, more));
        const eligible = candidates.filter((one) => one.available && !one.skipped && one.weight > 0);
        const least = Math.min(...eligible.map(({ inFlight, weight }) => inFlight / weight));
        const chosen = leastInFlightPicker(seededRng(seed)).pick(candidates, skip);
        if (chosen === undefined) expect(eligible).toEqual([]);
        else expect(chosen.inFlight / chosen.weight).toBe(least);
      }),
    );
  });

  // Four degrees of freedom, as every case has five that tie: 18.5 is passed by chance once in 1,000.
  it.each([
    ['all idle', [1, 2, 3, 4, 5], [0, 0, 0, 0, 0]],
    ['all as busy as their weights allow', [1, 2, 3, 4, 5], [3, 6, 9, 12, 15]],
    ['busier ones before, between and after', [4, 1, 2, 9, 3, 4, 5, 1], [9, 1, 2, 10, 3, 4, 5, 2]],
  ])('settles a tie in proportion to weight: %s', (_name, weights, inFlight) => {
    const candidates = weights.map((weight, index) => toy(`t${index}`, { weight, inFlight: inFlight[index] ?? 0 }));
    const least = Math.min(...candidates.map((one) => one.inFlight / one.weight));
    const tied = candidates.map((one) => (one.inFlight / one.weight === least ? one.weight : 0));
    for (const seed of [1, 2, 3]) {
      const counts = countPicks(leastInFlightPicker(seededRng(seed)), candidates, PICKS);
      expect(chiSquare(counts, tied)).toBeLessThan(18.5);
    }
  });

  it('fills candidates in proportion to weight when nothing ends', () => {
    const running = new Map([
      ['a', { weight: 1, inFlight: 0 }],
      ['b', { weight: 2, inFlight: 0 }],
      ['c', { weight: 5, inFlight: 0 }],
    ]);
    const picker = leastInFlightPicker(seededRng(7));
    for (let pick = 0; pick < 800; pick++) {
      const candidates = [...running].map(([id, fields]) => toy(id, fields));
      const chosen = running.get(picker.pick(candidates, skip)?.id ?? '');
      if (chosen === undefined) throw new Error('nothing picked');
      chosen.inFlight++;
    }
    expect([...running.values()].map(({ inFlight }) => inFlight)).toEqual([100, 200, 500]);
  });

  it('does not look at load', () => {
    const candidates = [toy('a', { load: 1_000_000 }), toy('b', { load: 0, inFlight: 1 })];
    expect(countPicks(leastInFlightPicker(seededRng(8)), candidates, 1000)).toEqual([1000, 0]);
  });
});
