import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './codec.ts';
import { anyContribution, contribution, EVIDENCE } from './fixtures/contributions.ts';
import { MAX_HEARD_WAIT_MS, type Place } from './holding.ts';
import { Peers } from './peers.ts';
import type { Contribution, WaitKey } from './shapes.ts';
import { type ClusterView, clusterView } from './view.ts';

const SMALL = 'small';

/** Two keys of one workspace and one of another, each with two models; and a provider with a single key and model. */
const PLACES: readonly Place[] = [
  ...['key-1', 'key-2', 'key-3'].flatMap((key) => [place(key, SMALL), place(key, 'large')]),
  {
    id: 'other/only/big',
    provider: 'other',
    waitKeys: ['quota:other/ws/big', 'key:other/only', 'target:other/only/big'],
  },
];

function place(key: string, model: string): Place {
  const id = `mistral/${key}/${model}`;
  const group = key === 'key-3' ? 'ws-2' : 'ws-1';
  const waitKeys: WaitKey[] = [
    `quota:mistral/${group}/${model}`,
    `key:mistral/${key}`,
    `model:mistral/${model}`,
    `target:${id}`,
  ];
  return { id, provider: 'mistral', waitKeys };
}

const WAIT_KEYS = [...new Set(PLACES.flatMap(({ waitKeys }) => waitKeys))];

function setUp(said: readonly Contribution[], self = 'self') {
  const clock = new VirtualClock();
  const peers = new Peers({ clock, health: () => 0 }, self);
  for (const one of said) peers.merge(one);
  return { clock, view: () => clusterView(peers.live, PLACES, { self, nowMs: clock.nowMs() }) };
}

function sight(view: ClusterView, id: string) {
  const sight = view.get(id);
  if (sight === undefined) throw new Error(`no ${id} in view`);
  return sight;
}

function freeOf(view: ClusterView, provider: string): readonly string[] {
  return PLACES.filter((one) => one.provider === provider && sight(view, one.id).heldForMs === 0).map(({ id }) => id);
}

function waits(keys: readonly WaitKey[], forMs = 30_000): Record<WaitKey, { forMs: number; reason: string }> {
  return Object.fromEntries(keys.map((key) => [key, { forMs, reason: 'limited' }]));
}

/** Whatever a peer may say of our targets, as a reader lets it in. */
const hostile = anyContribution({
  targets: fc.constantFrom(...PLACES.map(({ id }) => id)),
  waits: fc.constantFrom(...WAIT_KEYS),
  most: WAIT_KEYS.length,
}).map((said) => {
  const read = decode(encode({ ...said, peer: 'hostile' }));
  if (read.kind === 'refused') throw new Error(read.reason);
  return read.value;
});

const honest = fc.array(
  fc.record({ keys: fc.subarray(WAIT_KEYS), health: fc.nat(8) }).map(({ keys, health }) => ({ keys, health })),
  { maxLength: 3 },
);

describe('one hostile peer, whatever valid message it sends', () => {
  const providers = [...new Set(PLACES.map(({ id }) => id.slice(0, id.indexOf('/'))))];

  it('cannot put away all targets of a provider', () => {
    fc.assert(
      fc.property(hostile, fc.string(), (said, self) => {
        const { view } = setUp([said], self);
        for (const provider of providers) expect(freeOf(view(), provider)).not.toEqual([]);
      }),
    );
  });

  it('cannot put away a provider that is not put away without it, whatever the others say', () => {
    fc.assert(
      fc.property(hostile, honest, (said, honest) => {
        const others = honest.map(({ keys, health }, at) =>
          contribution({ peer: `p-${at}`, health, waits: waits(keys) }),
        );
        const [without, with_] = [setUp(others).view(), setUp([...others, said]).view()];
        for (const provider of providers) {
          if (freeOf(without, provider).length === 0) continue;
          // One word that confirms another's is two words; what only the hostile one says is one.
          const alone = PLACES.filter((one) => one.provider === provider).filter(
            (one) => !others.some(({ waits }) => one.waitKeys.some((key) => key in waits)),
          );
          if (alone.length > 0) expect(freeOf(with_, provider)).not.toEqual([]);
        }
      }),
    );
  });

  it('cannot make a figure infinite, negative, none at all, or nothing where nothing would draw everyone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { maxLength: 4 }), fc.nat(30_000), async (all, laterMs) => {
        const { clock, view } = setUp(all.map((said, at) => ({ ...said, peer: `hostile-${at}` })));
        await clock.advance(laterMs);
        for (const { id } of PLACES) {
          const { firstTokenMs, ...counts } = sight(view(), id);
          for (const count of [counts.faultShare, counts.samples, counts.inFlight, counts.heldForMs, counts.trips]) {
            expect(Number.isFinite(count) && count >= 0).toBe(true);
          }
          expect(counts.faultShare).toBeLessThanOrEqual(1);
          expect(counts.heldForMs).toBeLessThanOrEqual(MAX_HEARD_WAIT_MS);
          expect(firstTokenMs === undefined || (Number.isFinite(firstTokenMs) && firstTokenMs > 0)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('cannot move what three others have measured', () => {
    const measured = (firstTokenMs: number) => ({ [PLACES[0]?.id ?? '']: { ...EVIDENCE, samples: 50, firstTokenMs } });
    fc.assert(
      fc.property(hostile, (said) => {
        const others = [400, 410, 420].map((ms, at) => contribution({ peer: `p-${at}`, targets: measured(ms) }));
        const { firstTokenMs, faultShare } = sight(setUp([...others, said]).view(), PLACES[0]?.id ?? '');
        expect(firstTokenMs).toBeGreaterThanOrEqual(400);
        expect(firstTokenMs).toBeLessThanOrEqual(420);
        expect(faultShare).toBe(0);
      }),
    );
  });
});

describe('a wait that one peer was ordered', () => {
  const key: WaitKey = 'quota:mistral/ws-1/small';

  it('is obeyed by all, and ends by itself', async () => {
    const { clock, view } = setUp([contribution({ waits: waits([key], 5000) })]);
    expect(sight(view(), 'mistral/key-1/small')).toMatchObject({ heldForMs: 5000, holdReason: 'limited' });
    expect(sight(view(), 'mistral/key-1/large').heldForMs).toBe(0);
    await clock.advance(2000);
    expect(sight(view(), 'mistral/key-2/small').heldForMs).toBe(3000);
    await clock.advance(3000);
    expect(sight(view(), 'mistral/key-2/small')).toMatchObject({ heldForMs: 0, holdReason: undefined });
  });

  it('is the longest of those that are said, and never longer than the cap', () => {
    const said = [5000, 9000, 7000].map((forMs, at) => contribution({ peer: `p-${at}`, waits: waits([key], forMs) }));
    expect(sight(setUp(said).view(), 'mistral/key-1/small').heldForMs).toBe(9000);
    const forever = contribution({ waits: waits([key], 86_400_000) });
    expect(sight(setUp([forever]).view(), 'mistral/key-1/small').heldForMs).toBe(MAX_HEARD_WAIT_MS);
  });

  it('is over when the peer says so', () => {
    const lifted = contribution({ seq: 1, full: false, waits: waits([key], 0) });
    const { view } = setUp([contribution({ waits: waits([key]) }), lifted]);
    expect(freeOf(view(), 'mistral')).toHaveLength(6);
  });

  it('for all that a provider has spares one target, until a second peer who is well says the same', () => {
    const all: readonly WaitKey[] = ['quota:mistral/ws-1/small', 'model:mistral/large', 'key:mistral/key-3'];
    const by = (peer: string, health = 0) => contribution({ peer, health, waits: waits(all) });
    expect(freeOf(setUp([by('a')]).view(), 'mistral')).toHaveLength(1);
    expect(freeOf(setUp([by('a'), by('b')]).view(), 'mistral')).toEqual([]);
    // Two who are ill are not worth more than one who is well.
    expect(freeOf(setUp([by('a', 1), by('b', 1)]).view(), 'mistral')).toHaveLength(1);
    expect(freeOf(setUp([by('a', 8), by('b', 8), by('c', 8)]).view(), 'mistral')).toHaveLength(1);
  });

  it('for all that a provider has spares different targets for different peers, and the same one for the same', () => {
    const all = contribution({ waits: waits(WAIT_KEYS) });
    const sparedBy = (self: string) => freeOf(setUp([all], self).view(), 'mistral')[0];
    const spared = Array.from({ length: 60 }, (_, peer) => sparedBy(`gw-${peer}`));
    expect(new Set(spared).size).toBe(6);
    expect(Array.from({ length: 60 }, (_, peer) => sparedBy(`gw-${peer}`))).toEqual(spared);
  });
});

describe('what others have measured', () => {
  const id = 'mistral/key-1/small';
  const by = (peer: string, given: Partial<typeof EVIDENCE>, health = 0) =>
    contribution({ peer, health, targets: { [id]: { ...EVIDENCE, samples: 50, ...given } } });

  it('weighs less when it is old, when it is little, and when it comes from one who is ill', () => {
    const slow = { firstTokenMs: 4000 };
    const fast = (peer: string) => by(peer, { firstTokenMs: 300 });
    const expected = (said: readonly Contribution[]) => sight(setUp(said).view(), id).firstTokenMs;
    expect(expected([by('slow', slow)])).toBe(4000);
    expect(expected([by('slow', { ...slow, ageMs: 30_000 }), fast('b')])).toBe(300);
    expect(expected([by('slow', { ...slow, samples: 2 }), fast('b')])).toBe(300);
    expect(expected([by('slow', slow, 8), fast('b')])).toBe(300);
    expect(expected([by('a', slow), by('b', slow), fast('c')])).toBe(4000);
    expect(expected([by('slow', { ...slow, ageMs: 300_000 })])).toBeUndefined();
  });

  it('loses half its weight within a quarter of a minute', async () => {
    const { clock, view } = setUp([by('a', { ageMs: 0 })]);
    expect(sight(view(), id).samples).toBe(50);
    await clock.advance(7500);
    expect(sight(view(), id).samples).toBeCloseTo(50 / Math.SQRT2, 9);
  });

  it('adds up what is in flight, which fades while a peer is silent', async () => {
    const { clock, view } = setUp([by('a', { inFlight: 8 }), by('b', { inFlight: 4 })]);
    expect(sight(view(), id).inFlight).toBe(12);
    await clock.advance(2000);
    expect(sight(view(), id).inFlight).toBeCloseTo(6, 9);
    await clock.advance(8001);
    expect(sight(view(), id).inFlight).toBe(0);
  });

  it('counts open breakers by their samples, by their age, and by the health of who tells', async () => {
    const trip = (samples: number, ageMs = 0) => ({ trip: { reason: 'success-rate', samples, ageMs } });
    const trips = (said: readonly Contribution[]) => sight(setUp(said).view(), id).trips;
    expect(trips([by('a', trip(9)), by('b', trip(20), 3), by('c', {})])).toBe(1.25);
    expect(trips([by('a', trip(2))])).toBe(0.4);
    expect(trips([by('a', trip(0))])).toBe(0.2);
    expect(trips([by('a', trip(5, 60_000))])).toBe(0.5);
    const { clock, view } = setUp([by('a', trip(5, 50_000))]);
    await clock.advance(10_000);
    expect(sight(view(), id).trips).toBe(0.5);
  });

  it('is nothing when nobody says anything', () => {
    const nothing = { heldForMs: 0, holdReason: undefined, firstTokenMs: undefined };
    const none = { faultShare: 0, samples: 0, inFlight: 0, trips: 0 };
    for (const { id } of PLACES) expect(sight(setUp([]).view(), id)).toEqual({ ...nothing, ...none });
  });
});
