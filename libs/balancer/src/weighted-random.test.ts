import { seededRng } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { chiSquare, countPicks, describePicker, skip, toy } from './picker.contract.ts';
import { weightedRandomPicker } from './weighted-random.ts';

describePicker({ name: 'weighted-random', create: weightedRandomPicker });

const PICKS = 20_000;

describe('weightedRandomPicker', () => {
  // With five eligible candidates the statistic has four degrees of freedom: 18.5 is passed by chance once in 1,000.
  it.each([
    ['equal weights', [1, 1, 1, 1, 1]],
    ['rising weights', [1, 2, 3, 4, 5]],
    ['falling weights', [50, 20, 10, 5, 1]],
    ['fractions', [0.5, 0.25, 0.125, 0.0625, 0.0625]],
    ['a weight of zero in between', [3, 0, 1, 2, 1, 3]],
  ])('picks in proportion to weight: %s', (_name, weights) => {
    const candidates = weights.map((weight, index) => toy(`t${index}`, { weight }));
    for (const seed of [1, 2, 3]) {
      const counts = countPicks(weightedRandomPicker(seededRng(seed)), candidates, PICKS);
      expect(chiSquare(counts, weights)).toBeLessThan(18.5);
    }
  });

  it('shares the weight of the unavailable and the skipped among the rest', () => {
    const candidates = [
      toy('a', { weight: 3 }),
      toy('b', { weight: 6, available: false }),
      toy('c'),
      toy('d', { weight: 9, skipped: true }),
    ];
    const picker = weightedRandomPicker(seededRng(4));
    const [ofA = 0] = countPicks(picker, candidates, PICKS);
    // 3 of 4; one standard deviation is 0.0031.
    expect(Math.abs(ofA / PICKS - 0.75)).toBeLessThan(0.013);
  });

  it('does not look at load', () => {
    const candidates = [toy('a', { load: 1_000_000 }), toy('b', { load: 0 })];
    const picker = weightedRandomPicker(seededRng(8));
    const picks = Array.from({ length: 1000 }, () => picker.pick(candidates, skip)?.id);
    expect(picks.filter((id) => id === 'a').length).toBeGreaterThan(400);
  });
});
