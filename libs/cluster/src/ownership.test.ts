import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ownership } from './ownership.ts';

const IDS = Array.from({ length: 1_000 }, (_, place) => `mistral/key-${place}/small`);

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `gw-${place}-${(place * 2_654_435_761) % 65_536}`);
}

function ownershipAt(self: string, names: readonly string[]): Ownership {
  const ownership = new Ownership(self);
  ownership.setPeers(names.filter((name) => name !== self));
  return ownership;
}

it('gives all to a peer that is alone', () => {
  const alone = new Ownership('gw-1');
  expect(IDS.every((id) => alone.owns(id))).toBe(true);
});

it('names the same owner at every peer, exactly one of them', () => {
  const ids = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), ids, (count, ids) => {
      const names = namesOf(count);
      const all = names.map((name) => ownershipAt(name, names.toReversed()));
      for (const id of ids) {
        expect(new Set(all.map((one) => one.ownerOf(id))).size).toBe(1);
        expect(all.filter((one) => one.owns(id))).toHaveLength(1);
      }
    }),
    { numRuns: 50 },
  );
});

it('moves only what the one who left had owned', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(), (count, draw) => {
      const [self = '', ...others] = namesOf(count);
      const gone = others[draw % others.length];
      const ownership = ownershipAt(self, others);
      const before = IDS.map((id) => ownership.ownerOf(id));
      ownership.setPeers(others.filter((name) => name !== gone));
      for (const [place, id] of IDS.entries()) {
        if (before[place] === gone) expect(ownership.ownerOf(id)).not.toBe(gone);
        else expect(ownership.ownerOf(id)).toBe(before[place]);
      }
    }),
    { numRuns: 20 },
  );
});

it('gives each peer its part, give or take a third', () => {
  const names = namesOf(10);
  const ownership = ownershipAt(names[0] ?? '', names);
  const owned = new Map<string, number>();
  for (const id of IDS) owned.set(ownership.ownerOf(id), (owned.get(ownership.ownerOf(id)) ?? 0) + 1);
  expect([...owned.keys()].toSorted()).toEqual(names.toSorted());
  expect(Math.min(...owned.values())).toBeGreaterThan(66);
  expect(Math.max(...owned.values())).toBeLessThan(134);
});

it('keeps this peer on the ring, whoever else is named', () => {
  const ownership = ownershipAt('gw-1', ['gw-2']);
  ownership.setPeers([]);
  expect(IDS.every((id) => ownership.owns(id))).toBe(true);
});
