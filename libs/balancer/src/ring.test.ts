import { seededRng } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate, Picker } from './picker.ts';
import { describePicker, noSkip, skip, type Toy, toy } from './picker.contract.ts';
import { withAffinity } from './ring.ts';
import { weightedRandomPicker } from './weighted-random.ts';

const random = (seed: number): Picker => withAffinity(weightedRandomPicker(seededRng(seed)));

describePicker({ name: 'at random, with affinity', create: (rng) => withAffinity(weightedRandomPicker(rng)) });

/** Offers what is called so, whatever there is. */
function offering(id: string): Picker {
  return { name: 'fixed', pick: (candidates) => candidates.find((candidate) => candidate.id === id) };
}

const KEYS = Array.from({ length: 200 }, (_, index) => `conversation ${index}`);

function homes(candidates: readonly Toy[], keys = KEYS): ReadonlyMap<string, string> {
  const picker = random(1);
  return new Map(keys.map((key) => [key, picker.pick(candidates, skip, key)?.id ?? 'none']));
}

/** As target ids are made: a provider, a key and a model, with the colons that models and hosts may have. */
const part = fc.stringMatching(/^[a-z0-9][a-z0-9:._-]{0,12}$/);
const ids = fc.tuple(part, part, part).map((parts) => parts.join('/'));
const pools = fc
  .uniqueArray(ids, { minLength: 2, maxLength: 12 })
  .map((names) => names.map((id) => toy(id)))
  .chain((pool) => fc.record({ pool: fc.constant(pool), leaving: fc.nat(pool.length - 1) }));

/** Weights as operators give them. */
const weightedPools = fc
  .record({ pool: pools, weights: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 12 }) })
  .map(({ pool: { pool, leaving }, weights }) => ({
    pool: pool.map((one, place) => ({ ...one, weight: weights[place] ?? 1 })),
    leaving,
  }));

function without(pool: readonly Toy[], leaving: number): readonly Toy[] {
  return pool.map((one, place) => (place === leaving ? { ...one, available: false } : one));
}

/** Keys of the targets that stayed, and how many of them are elsewhere now. */
function movedOfOthers(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>, gone: string) {
  const others = KEYS.filter((key) => before.get(key) !== gone);
  return { others: others.length, moved: others.filter((key) => before.get(key) !== after.get(key)).length };
}

describe('withAffinity', () => {
  it('gives the same key the same target while all are well, whatever the draws', () => {
    fc.assert(
      fc.property(pools, fc.string(), fc.nat(), fc.nat(), ({ pool }, key, seed, other) => {
        const [one, two] = [random(seed), random(other)];
        const home = one.pick(pool, noSkip, key);
        for (let pick = 0; pick < 5; pick++) expect(one.pick(pool, noSkip, key)).toBe(home);
        expect(two.pick(pool, noSkip, key)).toBe(home);
      }),
    );
  });

  it('names the same homes on every node, in whatever order the targets stand there', () => {
    const shuffled = weightedPools.chain(({ pool, leaving }) =>
      fc.record({
        pool: fc.constant(without(pool, leaving)),
        other: fc.shuffledSubarray([...without(pool, leaving)], { minLength: pool.length }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ pool, other }) => {
        expect(homes(other)).toEqual(homes(pool));
      }),
      { numRuns: 50 },
    );
  });

  // Points have 32 bits, and these two targets have one in common: the order of ids says whose it is.
  it('names the same homes in whatever order, though points of the ring fall together', () => {
    const pool = [toy('mistral/key-100/large'), toy('mistral/key-109/large')];
    const keys = Array.from({ length: 1000 }, (_, index) => `session-${index}`);
    expect(homes([...pool].reverse(), keys)).toEqual(homes(pool, keys));
  });

  it('moves only the keys of a target that becomes unavailable, and brings them back with it', () => {
    fc.assert(
      fc.property(pools, ({ pool, leaving }) => {
        const [before, gone] = [homes(pool), pool[leaving]?.id ?? ''];
        const away = homes(without(pool, leaving));
        expect(movedOfOthers(before, away, gone).moved).toBe(0);
        for (const key of KEYS) expect(away.get(key)).not.toBe(gone);
        expect(homes(pool)).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });

  it('gives the keys of an unavailable target homes that stay the same too', () => {
    const pool = without(
      Array.from({ length: 6 }, (_, index) => toy(`t${index}`)),
      2,
    );
    const [one, two] = [random(1), random(2)];
    for (const key of KEYS) expect(one.pick(pool, noSkip, key)).toBe(two.pick(pool, noSkip, key));
  });

  it('moves no other key when a reload takes one of equal targets out of the pool, or brings it in', () => {
    // 49 parts of a 49th are less than a whole, in floating point.
    for (const size of [...Array.from({ length: 19 }, (_, index) => index + 2), 49, 50]) {
      const pool = Array.from({ length: size }, (_, index) => toy(`mistral/key-${index}/mistral-large-latest`));
      const rest = pool.slice(1);
      const { others, moved } = movedOfOthers(homes(pool), homes(rest), pool[0]?.id ?? '');
      expect([moved, others > 0]).toEqual([0, true]);
    }
    fc.assert(
      fc.property(pools, ({ pool, leaving }) => {
        const rest = pool.filter((_, place) => place !== leaving);
        expect(movedOfOthers(homes(pool), homes(rest), pool[leaving]?.id ?? '').moved).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  // Points are counted from the greatest weight: while that stays, each has as many as before.
  it('moves no other key when a target leaves that is not heavier than all others', () => {
    fc.assert(
      fc.property(weightedPools, ({ pool, leaving }) => {
        const rest = pool.filter((_, place) => place !== leaving);
        const weights = rest.map(({ weight }) => weight);
        fc.pre(Math.max(...weights) >= (pool[leaving]?.weight ?? 0));
        expect(movedOfOthers(homes(pool), homes(rest), pool[leaving]?.id ?? '').moved).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('moves keys only to a target that a reload gives more weight, while it is not the heaviest', () => {
    fc.assert(
      fc.property(weightedPools, ({ pool, leaving }) => {
        const heaviest = Math.max(...pool.map(({ weight }) => weight));
        const raised = pool.map((one, place) => (place === leaving ? { ...one, weight: heaviest } : one));
        const [before, after] = [homes(pool), homes(raised)];
        for (const key of KEYS) expect([before.get(key), pool[leaving]?.id]).toContain(after.get(key));
      }),
      { numRuns: 50 },
    );
  });

  // A target's part of a ring is uneven by chance, the more so the fewer its points: one pool may give the light one of
  // nine and one from 4 to 16 %. The mean of twenty pools is much closer.
  it.each([
    ['equal', [1, 1]],
    ['nine to one', [9, 1]],
    ['five, three and two', [5, 3, 2]],
    ['in fractions', [0.5, 0.25, 0.25]],
    ['some of them nothing', [3, 0, 1]],
  ])('gives targets shares of the keys by their weights: %s', (_name, weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const keys = Array.from({ length: 1000 }, (_, index) => `session-${index}`);
    const sums = weights.map(() => 0);
    for (let number = 0; number < 20; number++) {
      const pool = weights.map((weight, place) => toy(`mistral-${number}/key-${place}/large`, { weight }));
      const found = [...homes(pool, keys).values()];
      for (const [place, { id, weight }] of pool.entries()) {
        const share = found.filter((home) => home === id).length / keys.length;
        expect(Math.abs(share - weight / total)).toBeLessThan(0.12);
        sums[place] = (sums[place] ?? 0) + share;
      }
    }
    for (const [place, weight] of weights.entries()) {
      expect(Math.abs((sums[place] ?? 0) / 20 - weight / total)).toBeLessThan(0.025);
    }
  });

  it('gives the lightest of targets keys too', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `session-${index}`);
    const pool = [toy('m/heavy/large', { weight: 1000 }), ...['a', 'b'].map((key) => toy(`m/${key}/large`))];
    const found = [...homes(pool, keys).values()];
    for (const { id, weight } of pool) {
      const share = found.filter((home) => home === id).length / keys.length;
      expect(share).toBeGreaterThan(0);
      if (weight === 1) expect(share).toBeLessThan(0.06);
    }
  });

  it.each([
    ['a home as busy as the offer', 10, 10, 'home'],
    ['a home of twice the load', 20, 10, 'home'],
    ['a home of more than that', 20.1, 10, 'offer'],
    ['an idle home', 0, 10, 'home'],
    ['two idle ones', 0, 0, 'home'],
    ['a home whose load is unknown', Number.NaN, 10, 'offer'],
    ['an endless load', Number.POSITIVE_INFINITY, 10, 'offer'],
  ])('passes a home over where it is much busier than what is offered: %s', (_name, load, offered, expected) => {
    for (const key of KEYS.slice(0, 20)) {
      const home = homes([toy('a'), toy('b')]).get(key);
      const other = home === 'a' ? 'b' : 'a';
      const pool = ['a', 'b'].map((id) => toy(id, { load: id === home ? load : offered }));
      expect(withAffinity(offering(other)).pick(pool, noSkip, key)?.id).toBe(expected === 'home' ? home : other);
    }
  });

  it('goes to the second home, and not to the offer, when the first is too busy', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const second = homes(
      without(
        ids.map((id) => toy(id)),
        0,
      ),
    );
    const pool = ids.map((id) => toy(id, { load: id === 'a' ? 100 : 1 }));
    const first = homes(ids.map((id) => toy(id)));
    const keys = KEYS.filter((key) => first.get(key) === 'a');
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) {
      for (const offer of ['b', 'c', 'd', 'e']) {
        expect(withAffinity(offering(offer)).pick(pool, noSkip, key)?.id).toBe(second.get(key));
      }
    }
  });

  it('takes what is offered when none of the homes will do', () => {
    const picker = withAffinity(offering('offer'));
    const refusals: readonly Partial<Toy>[] = [{ available: false }, { weight: 0 }, { skipped: true }, { load: 1000 }];
    for (const refusal of refusals) {
      const pool = [...Array.from({ length: 9 }, (_, index) => toy(`t${index}`, refusal)), toy('offer')];
      for (const key of KEYS) expect(picker.pick(pool, skip, key)?.id).toBe('offer');
    }
  });

  it('does not look past the third home', () => {
    const names = Array.from({ length: 8 }, (_, index) => `t${index}`);
    const asked = new Set<string>();
    const pool: Candidate[] = names.map((id) => ({
      ...toy(id),
      get available() {
        asked.add(id);
        return false;
      },
    }));
    pool.push(toy('offer', { load: 0 }));
    for (const key of KEYS) {
      asked.clear();
      expect(withAffinity(offering('offer')).pick(pool, noSkip, key)?.id).toBe('offer');
      expect(asked.size).toBeLessThanOrEqual(3);
    }
  });

  it('leaves requests without an affinity to the inner picker', () => {
    const pool = Array.from({ length: 5 }, (_, index) => toy(`t${index}`));
    const [inner, outer] = [weightedRandomPicker(seededRng(5)), random(5)];
    for (let pick = 0; pick < 200; pick++) expect(outer.pick(pool, noSkip)).toBe(inner.pick(pool, noSkip));
  });

  // 256 points each leave a target's share of the ring a standard deviation of 6 %, which no number of keys makes
  // smaller; so the bound is of shares, not of chance: 1.4 was the widest of forty pools of each size.
  it('spreads the homes of 10,000 keys evenly', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `session-${index}`);
    for (const size of [2, 3, 5, 8]) {
      const pool = Array.from({ length: size }, (_, index) => toy(`mistral/key-${index}/mistral-large-latest`));
      const found = [...homes(pool, keys).values()];
      const counts = pool.map(({ id }) => found.filter((home) => home === id).length);
      expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.5);
    }
  });

  // hashring reads what it is given as host:port; only the whole string must name the target.
  it.each([
    ['like memcached', ['mistral/k1:11211/model', 'mistral/k2:11211/model', 'mistral/k3:11211/model']],
    ['like hosts with ports', ['a:80', 'a:81', 'a', 'a:080']],
    ['with colons in the model', ['m/k/ft:open:1', 'm/k/ft:open:2', 'm/k/ft:open', 'm/k/ft']],
    ['like points of the ring', ['m/k', 'm/k-1', 'm/k-1-1', 'm/k-11']],
    ['like numbers, and what every object has', ['1', '0', 'constructor', 'toString']],
  ])('tells apart ids %s', (_name, names) => {
    const found = [...homes(names.map((id) => toy(id))).values()];
    for (const id of names) expect(found.filter((home) => home === id).length).toBeGreaterThan(20);
  });
});
