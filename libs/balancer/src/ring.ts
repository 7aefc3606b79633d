/**
 * Affinity: requests with the same key prefer the same target, because a warm prompt cache there is cheaper and faster.
 * A consistent-hash ring names the key's homes in order, so that a target's coming or going moves only its own share of
 * the keys. The bound keeps a popular key from drowning its home: a home that is much busier than what the inner picker
 * offers is passed over (Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016).
 *
 * A target's share of the ring is its weight's. hashring's own weights move the keys of targets that did not change, and
 * so does its count of points when it is a default; both are given here, a number of points for each target.
 */
import HashRing from 'hashring';
import type { Candidate, Picker, Skip } from './picker.ts';

/** With the first away, its keys go to the second, which thereby gets warm; beyond the third nothing is. */
const HOMES = 3;

/** A warm cache saves about half of a first token's time, so twice the load is where it stops to pay. */
const BUSIER = 2;

export function withAffinity(inner: Picker): Picker {
  // By the pool's list, which lives as long as the config it came from.
  const rings = new WeakMap<readonly Candidate[], Ring>();
  return {
    name: inner.name,
    pick<C extends Candidate>(candidates: readonly C[], skip: Skip<C>, affinity?: string): C | undefined {
      const offered = inner.pick(candidates, skip);
      if (affinity === undefined || offered === undefined || candidates.length < 2) return offered;
      const ring = rings.get(candidates) ?? new Ring(candidates);
      rings.set(candidates, ring);
      for (const place of ring.homes(affinity)) {
        const home = candidates[place];
        if (home === offered) return offered;
        if (home === undefined || home.weight <= 0 || skip(home) || !home.available) continue;
        if (home.load <= BUSIER * offered.load) return home;
      }
      return offered;
    },
  };
}

/** For the greatest weight: even to a few hundredths, and quick to build for hundreds of targets. */
const MOST_POINTS = 64;

/** Keeps places, not candidates. */
class Ring {
  readonly #ring: HashRing;
  readonly #places: ReadonlyMap<string, number>;

  constructor(candidates: readonly Candidate[]) {
    this.#places = new Map(candidates.map(({ id }, place) => [id, place]));
    const heaviest = Math.max(...candidates.map(({ weight }) => weight));
    // In one order whatever the config's, because the first of two equal points wins.
    const points = candidates
      .filter(({ weight }) => weight > 0)
      .map(({ id, weight }): [string, { vnodes: number }] => [
        id,
        { vnodes: Math.max(1, Math.round((MOST_POINTS * weight) / heaviest)) },
      ])
      .sort(([one], [other]) => (one < other ? -1 : 1));
    // A number of points that equals the default would be rounded down with the number of targets; none equals 0.
    this.#ring = new HashRing(Object.fromEntries(points), 'md5', { 'vnode count': 0 });
  }

  homes(affinity: string): readonly number[] {
    return this.#ring.range(affinity, HOMES, true).flatMap((id) => this.#places.get(id) ?? []);
  }
}
