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
  return { id, weight: 1, available: true, load: 1, skipped: false, ...more };
}

export const skip = (candidate: Toy): boolean => candidate.skipped;
const noSkip = (): boolean => false;

const toys = fc.array(
  fc.record({
    weight: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1000, noNaN: true })),
    available: fc.boolean(),
    load: fc.double({ min: 0, max: 1e9, noNaN: true }),
    skipped: fc.boolean(),
  }),
  { maxLength: 12 },
);

export function describePicker({ name, create }: PickerPromise): void {
  describe(`every picker: ${name}`, () => {
    it('picks only what is available, has a weight and is not skipped, and something whenever there is such a one', () => {
      fc.assert(
        fc.property(toys, fc.nat(), (drawn, seed) => {
          const candidates = drawn.map((fields, index) => toy(`t${index}`, fields));
          const picker = create(seededRng(seed));
          const eligible = candidates.filter((one) => one.available && one.weight > 0 && !one.skipped);
          for (let pick = 0; pick < 20; pick++) {
            const chosen = picker.pick(candidates, skip);
            expect(eligible.length === 0 ? [undefined] : eligible).toContain(chosen);
          }
        }),
      );
    });

    it('picks nothing from nothing', () => {
      expect(create(seededRng(1)).pick([], noSkip)).toBeUndefined();
    });

    it('obeys a skip that grows until every candidate has been picked once', () => {
      const candidates = Array.from({ length: 50 }, (_, index) => toy(`t${index}`, { weight: 1 + (index % 3) }));
      const tried = new Set<Toy>();
      const picker = create(seededRng(3));
      for (let pick = 0; pick < 50; pick++) {
        const chosen = picker.pick(candidates, (candidate) => tried.has(candidate));
        if (chosen === undefined) throw new Error(`nothing at pick ${pick}`);
        expect(tried.has(chosen)).toBe(false);
        tried.add(chosen);
      }
      expect(picker.pick(candidates, (candidate) => tried.has(candidate))).toBeUndefined();
    });

    it('makes the same picks from the same draws', () => {
      const candidates = Array.from({ length: 7 }, (_, index) => toy(`t${index}`, { weight: index }));
      const [one, two] = [create(seededRng(9)), create(seededRng(9))];
      for (let pick = 0; pick < 200; pick++) expect(one.pick(candidates, noSkip)).toBe(two.pick(candidates, noSkip));
    });

    // Equal candidates, 10,000 picks: each share is 1/5 ± 0.004 (one standard deviation of a fair draw); 0.02 is five.
    it('gives equal candidates equal shares, whatever their places in the list', () => {
      const candidates = Array.from({ length: 5 }, (_, index) => toy(`t${index}`));
      const picker = create(seededRng(11));
      const counts = new Map<string, number>();
      for (let pick = 0; pick < 10_000; pick++) {
        const id = picker.pick(candidates, noSkip)?.id ?? '';
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      for (const { id } of candidates) expect(Math.abs((counts.get(id) ?? 0) / 10_000 - 0.2)).toBeLessThan(0.02);
    });

    it('leaves the list and its candidates as they were, frozen or not', () => {
      const candidates = Object.freeze([Object.freeze(toy('a')), Object.freeze(toy('b', { weight: 2 }))]);
      const picker = create(seededRng(5));
      for (let pick = 0; pick < 100; pick++) expect(candidates).toContain(picker.pick(candidates, noSkip));
    });

    it('keeps no reference to the candidates it has seen', async () => {
      const picker = create(seededRng(6));
      const seen = seenBy(picker);
      // A weak reference stays strong until the turn of the loop in which it was made is over.
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
      expect(seen.filter((ref) => ref.deref() !== undefined)).toEqual([]);
      expect(picker.pick([], noSkip)).toBeUndefined();
    });
  });
}

function seenBy(picker: Picker): WeakRef<Toy>[] {
  const candidates = Array.from({ length: 100 }, (_, index) => toy(`t${index}`));
  picker.pick(candidates, noSkip);
  return candidates.map((candidate) => new WeakRef(candidate));
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
}
