import { seededRng } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adaptivePicker } from './adaptive.ts';
import { chiSquare, countPicks, describePicker, noSkip, skip, type Toy, toy } from './picker.contract.ts';

describePicker({ name: 'adaptive, without affinity', create: adaptivePicker });

const PICKS = 20_000;

function share(candidates: readonly Toy[], which: (candidate: Toy) => boolean, seed: number): number {
  const counts = countPicks(adaptivePicker(seededRng(seed)), candidates, PICKS);
  return (
    counts.reduce((sum, count, place) => {
      const candidate = candidates[place];
      return candidate !== undefined && which(candidate) ? sum + count : sum;
    }, 0) / PICKS
  );
}

/** `ill` of `size` candidates have a hundred times the load of the others. */
function withIll(size: number, ill: number): readonly Toy[] {
  return Array.from({ length: size }, (_, index) => toy(`t${index}`, { load: index < ill ? 100 : 1 }));
}

const isIll = ({ load }: Toy): boolean => load === 100;

describe('adaptivePicker', () => {
  // With five eligible candidates the statistic has four degrees of freedom: 18.5 is passed by chance once in 1,000.
  it.each([
    ['equal weights', [1, 1, 1, 1, 1]],
    ['rising weights', [1, 2, 3, 4, 5]],
    ['one that has nearly all, so that trials fail and all are looked at', [1000, 20, 10, 5, 5]],
    ['fractions', [0.5, 0.25, 0.125, 0.0625, 0.0625]],
    ['a weight of zero in between', [3, 0, 1, 2, 1, 3]],
  ])('picks in proportion to weight where loads are equal: %s', (_name, weights) => {
    const candidates = weights.map((weight, index) => toy(`t${index}`, { weight }));
    for (const seed of [1, 2, 3]) {
      const counts = countPicks(adaptivePicker(seededRng(seed)), candidates, PICKS);
      expect(chiSquare(counts, weights)).toBeLessThan(18.5);
    }
  });

  it('picks in proportion to weight where loads differ by no more than noise', () => {
    const weights = [1, 2, 3, 4, 5];
    const candidates = weights.map((weight, index) => toy(`t${index}`, { weight, load: 500 + index * 12 }));
    for (const seed of [1, 2, 3]) {
      const counts = countPicks(adaptivePicker(seededRng(seed)), candidates, PICKS);
      expect(chiSquare(counts, weights)).toBeLessThan(18.5);
    }
  });

  it('shares the weight of the unavailable and the skipped among the rest', () => {
    const candidates = [
      toy('a', { weight: 3 }),
      toy('b', { weight: 600, available: false }),
      toy('c'),
      toy('d', { weight: 900, skipped: true }),
    ];
    // 3 of 4; one standard deviation is 0.0031.
    expect(Math.abs(share(candidates, ({ id }) => id === 'a', 4) - 0.75)).toBeLessThan(0.013);
  });

  it('never picks the one that is far worse than all others, however heavy it is', () => {
    for (const size of [2, 3, 5, 64]) expect(share(withIll(size, 1), isIll, size)).toBe(0);
    expect(share([toy('ill', { load: 100, weight: 50 }), toy('a'), toy('b')], isIll, 1)).toBe(0);
  });

  // Only when each draw meets an ill one: 2/5 for the first, 1/4 for either other. One standard deviation is 0.0011.
  it('gives two ill ones of five a fortieth together', () => {
    expect(Math.abs(share(withIll(5, 2), isIll, 2) - 1 / 40)).toBeLessThan(0.005);
  });

  it('finds a well one of three most of the time, though the two others are ill', () => {
    // 2/3 × 1/2 × 1/2; one standard deviation is 0.0026.
    expect(Math.abs(share(withIll(3, 2), isIll, 3) - 1 / 6)).toBeLessThan(0.013);
  });

  // The best is taken when one of three draws meets it: 1 - (19/20)(18/19)(18/19) at the most, which is 0.147.
  it('does not send everything to the best', () => {
    const candidates = Array.from({ length: 20 }, (_, index) => toy(`t${index}`, { load: index === 7 ? 1 : 2 }));
    const ofBest = share(candidates, ({ load }) => load === 1, 5);
    expect(ofBest).toBeGreaterThan(0.13);
    expect(ofBest).toBeLessThan(0.165);
  });

  it('is the same for one candidate, and takes the better of two', () => {
    const [good, bad] = [toy('good'), toy('bad', { load: 2 })];
    expect(share([bad], () => true, 1)).toBe(1);
    expect(share([good, bad], ({ id }) => id === 'good', 2)).toBe(1);
    expect(share([bad, good], ({ id }) => id === 'good', 3)).toBe(1);
  });

  it('takes the better of the two that are left when the third is skipped', () => {
    const candidates = [toy('best', { skipped: true }), toy('good', { load: 2 }), toy('bad', { load: 3 })];
    expect(share(candidates, ({ id }) => id === 'good', 6)).toBe(1);
  });

  it('finds one among hundreds of which a few are available', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 800 }),
        fc.uniqueArray(fc.nat(199), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.nat(),
        (size, places, uneven, seed) => {
          const candidates = Array.from({ length: size }, (_, index) =>
            toy(`t${index}`, { available: places.includes(index), weight: uneven ? 1 + (index % 7) : 1 }),
          );
          const picker = adaptivePicker(seededRng(seed));
          for (let pick = 0; pick < 5; pick++) expect(picker.pick(candidates, noSkip)?.available).toBe(true);
        },
      ),
    );
  });

  it('asks three candidates for their loads, and not hundreds', () => {
    const asked = new Set<string>();
    const candidates = Array.from({ length: 500 }, (_, index) => ({
      ...toy(`t${index}`),
      get load() {
        asked.add(this.id);
        return index;
      },
    }));
    const picker = adaptivePicker(seededRng(9));
    for (let pick = 0; pick < 100; pick++) {
      asked.clear();
      picker.pick(candidates, skip);
      expect(asked.size).toBeLessThanOrEqual(3);
    }
  });
});
