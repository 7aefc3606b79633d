import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyContribution, contribution, EVIDENCE, USE } from './fixtures/contributions.ts';
import { FORGET_AFTER_MS, Peers } from './peers.ts';
import { type Contribution, MAX_ENTRIES, MAX_PEERS } from './shapes.ts';

function setUp(health = 0) {
  const clock = new VirtualClock();
  return { clock, peers: new Peers({ clock, health: () => health }, 'self') };
}

function known(peers: Peers) {
  const plain = peers.live.map((peer) => ({
    self: [peer.epoch, peer.seq, peer.health, peer.draining],
    id: peer.id,
    retries: peer.retries,
    targets: Object.fromEntries(peer.targets),
    waits: Object.fromEntries(peer.waits),
    quotas: Object.fromEntries(peer.quotas),
  }));
  return { peers: plain.sort((one, other) => (one.id < other.id ? -1 : 1)), lacking: [...peers.lacking].sort() };
}

function after(messages: readonly Contribution[]) {
  const { peers } = setUp();
  for (const message of messages) peers.merge(message);
  return known(peers);
}

/** Messages of a few peers in a few lives; of one peer, one life and one number there is one message only. */
const someIds = fc.constantFrom('a', 'b', 'c', 'd');
const messages = fc.uniqueArray(
  fc
    .record({
      said: anyContribution({
        peers: fc.constantFrom('gw-1', 'gw-2'),
        targets: someIds,
        waits: fc.constantFrom('key:a', 'key:b', 'quota:a'),
        quotas: someIds,
        most: 3,
      }),
      epoch: fc.constantFrom(1, 2),
      seq: fc.nat(12),
    })
    .map(({ said, epoch, seq }): Contribution => ({ ...said, epoch, seq })),
  { selector: ({ peer, epoch, seq }) => `${peer} ${epoch} ${seq}`, maxLength: 30 },
);

const shuffled = messages.chain((all) =>
  fc.record({
    all: fc.constant(all),
    inAnyOrder: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
    twice: fc.subarray(all),
  }),
);

describe('merging', () => {
  it('ends with the same in whatever order messages come, and however often', () => {
    fc.assert(
      fc.property(shuffled, ({ all, inAnyOrder, twice }) => {
        expect(after(inAnyOrder)).toEqual(after(all));
        expect(after([...inAnyOrder, ...twice])).toEqual(after(all));
        expect(after([...twice, ...inAnyOrder])).toEqual(after(all));
      }),
    );
  });

  it('says of a message that has come before that it is known, and changes nothing', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const { peers } = setUp();
        for (const message of all) peers.merge(message);
        const before = peers.version;
        for (const message of all) expect(peers.merge(message)).toBe('known');
        expect(peers.version).toBe(before);
      }),
    );
  });

  it('keeps of each entry what its peer said last, since it last said everything', () => {
    fc.assert(
      fc.property(messages, (all) => {
        for (const peer of after(all).peers) {
          const epoch = Math.max(...all.filter((one) => one.peer === peer.id).map((one) => one.epoch));
          const own = all.filter((one) => one.peer === peer.id && one.epoch === epoch).sort((a, b) => a.seq - b.seq);
          const since = Math.max(
            0,
            own.findLastIndex(({ full }) => full),
          );
          const expected = Object.assign({}, ...own.slice(since).map(({ targets }) => targets)) as object;
          expect(Object.fromEntries(Object.entries(peer.targets).map(([id, { value }]) => [id, value]))).toEqual(
            expected,
          );
          const last = own.at(-1);
          expect(peer.self).toEqual([epoch, last?.seq, last?.health, last?.draining]);
        }
      }),
    );
  });

  it('lets a restart end all that was said before, and a late word of the life before be nothing', () => {
    const { peers } = setUp();
    peers.merge(contribution({ epoch: 1, seq: 40, targets: { old: EVIDENCE } }));
    expect(peers.merge(contribution({ epoch: 2, seq: 0, full: false, targets: { new: EVIDENCE } }))).toBe('merged');
    expect(peers.merge(contribution({ epoch: 1, seq: 41, targets: { old: EVIDENCE } }))).toBe('known');
    expect(known(peers).peers[0]?.targets).toHaveProperty('new');
    expect(known(peers).peers[0]?.targets).not.toHaveProperty('old');
  });

  it('does not listen to itself', () => {
    const { peers } = setUp();
    expect(peers.merge(contribution({ peer: 'self' }))).toBe('own');
    expect(peers.size).toBe(0);
  });
});

describe('what is missing', () => {
  const part = (seq: number) => contribution({ seq, full: false });
  const whole = (seq: number) => contribution({ seq, full: true });

  it('is everything of a peer whose full message has not come', () => {
    expect(after([part(0), part(1)]).lacking).toEqual(['gw-1']);
    expect(after([part(0), part(1), whole(2)]).lacking).toEqual([]);
    expect(after([part(2), whole(1)]).lacking).toEqual([]);
  });

  it('is noticed by a gap, and found again by the late message or by a full one', () => {
    expect(after([whole(0), part(1), part(3)]).lacking).toEqual(['gw-1']);
    expect(after([whole(0), part(1), part(3), part(2)]).lacking).toEqual([]);
    expect(after([whole(0), part(1), part(3), whole(4)]).lacking).toEqual([]);
    expect(after([whole(0), part(1), part(3), part(4), whole(2)]).lacking).toEqual([]);
  });

  it('is remembered through thousands of messages in little room', () => {
    const many = Array.from({ length: 5000 }, (_, seq) => part(seq + 2));
    expect(after([whole(0), ...many]).lacking).toEqual(['gw-1']);
    expect(after([whole(0), ...many, whole(5002)]).lacking).toEqual([]);
  });
});

describe('forgetting', () => {
  it('forgets a peer that is silent, with all that it said', async () => {
    const { clock, peers } = setUp();
    peers.merge(contribution({ targets: { a: EVIDENCE } }));
    await clock.advance(FORGET_AFTER_MS);
    expect(peers.size).toBe(1);
    const before = peers.version;
    await clock.advance(1);
    expect([peers.size, peers.live, peers.lacking]).toEqual([0, [], []]);
    expect(peers.version).toBeGreaterThan(before);
  });

  it('is slower to call others dead when it is ill itself', async () => {
    const { clock, peers } = setUp(8);
    peers.merge(contribution());
    await clock.advance(2.9 * FORGET_AFTER_MS);
    expect(peers.size).toBe(1);
    await clock.advance(0.2 * FORGET_AFTER_MS);
    expect(peers.size).toBe(0);
  });

  it('does not bring the dead back for a message that was late, and takes back one that speaks again', async () => {
    const { clock, peers } = setUp();
    peers.merge(contribution({ seq: 7 }));
    await clock.advance(2 * FORGET_AFTER_MS);
    expect(peers.merge(contribution({ seq: 6 }))).toBe('known');
    expect(peers.merge(contribution({ seq: 7 }))).toBe('known');
    expect(peers.size).toBe(0);
    expect(peers.merge(contribution({ seq: 8, full: false }))).toBe('merged');
    expect([peers.size, peers.lacking]).toEqual([1, ['gw-1']]);
  });

  it('is not put off by old messages', async () => {
    const { clock, peers } = setUp();
    peers.merge(contribution({ seq: 9, full: false }));
    for (let seq = 8; seq > 0; seq--) {
      await clock.advance(FORGET_AFTER_MS / 8);
      peers.merge(contribution({ seq, full: false }));
    }
    await clock.advance(1);
    expect(peers.size).toBe(0);
  });
});

describe('bounds', () => {
  const entries = (count: number, from = 0) =>
    Object.fromEntries(Array.from({ length: count }, (_, place) => [`t-${from + place}`, USE]));

  it('knows so many peers and no more', () => {
    const { peers } = setUp();
    for (let peer = 0; peer < MAX_PEERS; peer++) peers.merge(contribution({ peer: `gw-${peer}` }));
    expect(peers.merge(contribution({ peer: 'one-more' }))).toBe('too-many-peers');
    expect(peers.merge(contribution({ peer: 'gw-0', seq: 1 }))).toBe('merged');
    expect(peers.size).toBe(MAX_PEERS);
  });

  it('keeps of one peer no more than twice what a message holds', () => {
    const { peers } = setUp();
    const results = Array.from({ length: 4 }, (_, seq) =>
      peers.merge(contribution({ seq, full: false, quotas: entries(MAX_ENTRIES, seq * MAX_ENTRIES) })),
    );
    expect(results).toEqual(['merged', 'merged', 'too-many-stored', 'too-many-stored']);
    expect(peers.merge(contribution({ seq: 4, quotas: entries(MAX_ENTRIES) }))).toBe('merged');
  });

  it('keeps of all peers no more than fits', () => {
    const { peers } = setUp();
    const merge = (peer: number) => peers.merge(contribution({ peer: `gw-${peer}`, quotas: entries(MAX_ENTRIES) }));
    const results = Array.from({ length: 65 }, (_, peer) => merge(peer));
    expect(results.filter((result) => result === 'merged')).toHaveLength(64);
    expect(results.at(-1)).toBe('too-many-stored');
  });
});
