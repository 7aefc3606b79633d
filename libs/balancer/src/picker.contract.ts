/** What every picker promises. Each implementation's test runs this; a picker that cannot keep it is no Picker. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Rng } from '@leeward/kernel';
import { seededRng } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate, Picker } from './picker.ts';

export interface PickerPromise {
  readonly name: string;
  readonly create: (rng: Rng) => Picker;
}

export interface Toy extends Candidate {
  readonly skipped: boolean;
}

export function toy(id: string, more: Partial<Toy> = {}): Toy {
  return { id, weight: 1, available: true, load: 1, inFlight: 0, skipped: false, ...more };
}

export const skip = (candidate: Toy): boolean => candidate.skipped;
export const noSkip = (): boolean => false;

/** How often each of the candidates is picked, by its place. */
export function countPicks(picker: Picker, candidates: readonly Toy[], picks: number): readonly number[] {
  const places = new Map(candidates.map((candidate, place) => [candidate, place]));
  const counts = candidates.map(() => 0);
  for (let pick = 0; pick < picks; pick++) {
    const chosen = picker.pick(candidates, skip);
    const place = chosen === undefined ? undefined : places.get(chosen);
    if (place === undefined) throw new Error(`nothing of the list at pick ${pick}`);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

/** Pearson's statistic of counts against weights, where none is counted that has no weight. */
export function chiSquare(counts: readonly number[], weights: readonly number[]): number {
  const picks = counts.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.reduce((sum, weight, place) => {
    const expected = (picks * weight) / total;
    return expected === 0 ? sum : sum + ((counts[place] ?? 0) - expected) ** 2 / expected;
  }, 0);
}

/** What division by zero and overflow make of a figure: it may spoil the choice, never the pick. */
const broken = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0);

const toys = fc.array(
  fc.record({
    weight: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1000, noNaN: true })),
    available: fc.boolean(),
    load: fc.oneof({ weight: 3, arbitrary: fc.double({ min: 0, max: 1e9, noNaN: true }) }, broken),
    inFlight: fc.oneof({ weight: 3, arbitrary: fc.nat(1000) }, broken),
    skipped: fc.boolean(),
  }),
  { maxLength: 12 },
);

const affinities = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });

export function describePicker({ name, create }: PickerPromise): void {
  describe(`every picker: ${name}`, () => {
    it('picks only what is available, has a weight and is not skipped, and something whenever there is such a one', () => {
      fc.assert(
        fc.property(toys, affinities, fc.nat(), (drawn, affinity, seed) => {
          const candidates = drawn.map((fields, index) => toy(`t${index}`, fields));
          const picker = create(seededRng(seed));
          const eligible = candidates.filter((one) => one.available && one.weight > 0 && !one.skipped);
          for (let pick = 0; pick < 20; pick++) {
            const chosen = picker.pick(candidates, skip, affinity);
            expect(eligible.length === 0 ? [undefined] : eligible).toContain(chosen);
          }
        }),
      );
    });

    it.each([Number.NaN, Number.POSITIVE_INFINITY])('picks the only one there is, though its load is %d', (load) => {
      const only = toy('only', { load });
      const others = [toy('a', { available: false }), toy('b', { weight: 0 }), toy('c', { skipped: true })];
      const picker = create(seededRng(2));
      for (const candidates of [[only], [...others, only], [only, ...others]]) {
        for (const affinity of [undefined, 'k1', 'k2', 'k3'])
          expect(picker.pick(candidates, skip, affinity)).toBe(only);
      }
    });

    it('picks nothing from nothing', () => {
      expect(create(seededRng(1)).pick([], noSkip)).toBeUndefined();
      expect(create(seededRng(1)).pick([], noSkip, 'a wish')).toBeUndefined();
    });

    it.each([undefined, 'a wish'])(
      'obeys a skip that grows until every candidate was picked once (affinity: %s)',
      (affinity) => {
        const candidates = Array.from({ length: 50 }, (_, index) => toy(`t${index}`, { weight: 1 + (index % 3) }));
        const tried = new Set<Toy>();
        const picker = create(seededRng(3));
        for (let pick = 0; pick < 50; pick++) {
          const chosen = picker.pick(candidates, (candidate) => tried.has(candidate), affinity);
          if (chosen === undefined) throw new Error(`nothing at pick ${pick}`);
          expect(tried.has(chosen)).toBe(false);
          tried.add(chosen);
        }
        expect(picker.pick(candidates, (candidate) => tried.has(candidate), affinity)).toBeUndefined();
      },
    );

    it('makes the same picks from the same draws', () => {
      fc.assert(
        fc.property(toys, fc.array(affinities, { minLength: 1, maxLength: 30 }), fc.nat(), (drawn, wishes, seed) => {
          const candidates = drawn.map((fields, index) => toy(`t${index}`, fields));
          const [one, two] = [create(seededRng(seed)), create(seededRng(seed))];
          for (const wish of wishes) expect(one.pick(candidates, skip, wish)).toBe(two.pick(candidates, skip, wish));
        }),
      );
    });

    // Equal candidates, 10,000 picks: each share is 1/5 ± 0.004 (one standard deviation of a fair draw); 0.02 is five.
    it('gives equal candidates equal shares, whatever their places in the list', () => {
      const candidates = Array.from({ length: 5 }, (_, index) => toy(`t${index}`));
      const picker = create(seededRng(11));
      for (const count of countPicks(picker, candidates, 10_000)) {
        expect(Math.abs(count / 10_000 - 0.2)).toBeLessThan(0.02);
      }
    });

    it('leaves the list and its candidates as they were, frozen or not', () => {
      const candidates = Object.freeze([Object.freeze(toy('a')), Object.freeze(toy('b', { weight: 2 }))]);
      const picker = create(seededRng(5));
      for (let pick = 0; pick < 100; pick++) {
        expect(candidates).toContain(picker.pick(candidates, noSkip, pick % 2 === 0 ? undefined : `k${pick}`));
      }
    });

    it('keeps no reference to the candidates it has seen', async () => {
      const picker = create(seededRng(6));
      const seen = [...seenBy(picker), ...seenBy(picker, 'a wish')];
      // A weak reference stays strong until the turn of the loop in which it was made is over.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      expect(seen.filter((ref) => ref.deref() !== undefined)).toEqual([]);
      expect(picker.pick([], noSkip)).toBeUndefined();
    });

    // What else happens in this process may grow the heap in one round, hardly in each of three. 20,000 entries of any
    // map need more than a megabyte.
    it('keeps nothing of the affinities it was told', () => {
      const candidates = Array.from({ length: 8 }, (_, index) => toy(`t${index}`));
      const picker = create(seededRng(7));
      const round = (name: number): number => {
        const before = heapInUse();
        for (let pick = 0; pick < 20_000; pick++) picker.pick(candidates, noSkip, `round ${name}, key ${pick}`);
        return heapInUse() - before;
      };
      expect(Math.min(round(1), round(2), round(3))).toBeLessThan(256 * 1024);
    });
  });
}

function heapInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function seenBy(picker: Picker, affinity?: string): WeakRef<Toy>[] {
  const candidates = Array.from({ length: 100 }, (_, index) => toy(`t${index}`));
  picker.pick(candidates, noSkip, affinity);
  return candidates.map((candidate) => new WeakRef(candidate));
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
}
