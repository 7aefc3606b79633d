/** What nodes that share keys do about one that a vendor rejects. */
import { describe, expect, it } from 'vitest';
import { type JoinedFleet, JoinedFleets, providerWith } from '../fixtures/joined-fleets.ts';

const REJECTED = { kind: 'credentials' } as const;

/** A probe is due after ten seconds at the most, and the one that is left to another node after twenty. */
const FIRST_PROBE_MS = 10_000;
const EVERY_PROBE_MS = 20_000;

/** Said and heard. */
const SOON_MS = 50;

async function threeNodes() {
  const fleets = new JoinedFleets();
  const provider = providerWith(['a', 'b', 'c']);
  const [one, two, three] = [
    fleets.join('one', provider),
    fleets.join('two', provider),
    fleets.join('three', provider),
  ] as const;
  await fleets.meet();
  return { fleets, one, two, three, all: [one, two, three] };
}

const states = (nodes: readonly JoinedFleet[], key = 'a') => nodes.map((node) => node.target(key).state);
const probing = (nodes: readonly JoinedFleet[]) =>
  nodes.filter((node) => node.target('a').key.quarantine.state === 'half-open');

/** All of them ask with the key whenever they may; answers how often they did. */
async function traffic(fleets: JoinedFleets, nodes: readonly JoinedFleet[], forMs: number, outcome = REJECTED) {
  let attempts = 0;
  const untilMs = fleets.clock.nowMs() + forMs;
  while (fleets.clock.nowMs() < untilMs) {
    for (const node of nodes) if (await node.attempt('a', outcome)) attempts++;
    await fleets.clock.advance(100);
  }
  return attempts;
}

describe('a key that one node’s vendor rejected', () => {
  it('is held at the others within milliseconds, and no other key is', async () => {
    const { fleets, one, all } = await threeNodes();
    await one.attempt('a', REJECTED);
    await fleets.clock.advance(SOON_MS);
    expect(states(all)).toEqual(['key-quarantined', 'held', 'held']);
    expect(states(all, 'b')).toEqual(['available', 'available', 'available']);
  });

  it('is asked again by the one that found out, and by nobody else', async () => {
    const { fleets, one, two, three } = await threeNodes();
    await one.attempt('a', REJECTED);
    await fleets.clock.advance(SOON_MS);
    expect(await traffic(fleets, [two, three], FIRST_PROBE_MS)).toBe(0);
    expect(await one.attempt('a', REJECTED)).toBe(true);
  });

  it('comes back everywhere when that one did well', async () => {
    const { fleets, one, all } = await threeNodes();
    await one.attempt('a', REJECTED);
    await fleets.clock.advance(FIRST_PROBE_MS);
    await one.attempt('a');
    await fleets.clock.advance(SOON_MS);
    expect(states(all)).toEqual(['available', 'available', 'available']);
  });

  it('is free for the others when that one has no traffic to ask with again', async () => {
    const { fleets, one, two, three } = await threeNodes();
    await one.attempt('a', REJECTED);
    await fleets.clock.advance(EVERY_PROBE_MS + 5000);
    expect(states([two, three])).toEqual(['available', 'available']);
  });

  it('is free for the others when that one is gone', async () => {
    const { fleets, one, two, three } = await threeNodes();
    await one.attempt('a', REJECTED);
    await fleets.clock.advance(SOON_MS);
    expect(states([two, three])).toEqual(['held', 'held']);
    fleets.network.partition([['two', 'three']]);
    await fleets.clock.advance(15_000);
    expect(states([two, three])).toEqual(['available', 'available']);
  });

  it('is held until then by a node whose bus is gone as well', async () => {
    const { fleets, one, two } = await threeNodes();
    await one.attempt('a', REJECTED);
    await fleets.clock.advance(SOON_MS);
    fleets.network.goDown();
    await fleets.clock.advance(1000);
    expect(states([two])).toEqual(['held']);
    await fleets.clock.advance(30_000);
    expect(states([two])).toEqual(['available']);
  });
});

describe('a key that several nodes’ vendor rejected', () => {
  it('is probed by one of those who put it aside, before the others', async () => {
    const { fleets, one, two, all } = await threeNodes();
    await one.attempt('a', REJECTED);
    await two.attempt('a', REJECTED);
    await fleets.clock.advance(FIRST_PROBE_MS);
    expect(probing(all)).toHaveLength(1);
    // Nobody obeys the other, or neither would ever ask.
    expect(states(probing(all))).toEqual(['available']);
  });

  it('is probed by the others too when that one has no traffic', async () => {
    const { fleets, one, two, all } = await threeNodes();
    await one.attempt('a', REJECTED);
    await two.attempt('a', REJECTED);
    await fleets.clock.advance(EVERY_PROBE_MS);
    expect(states(probing(all))).toEqual(['available', 'available']);
  });

  it('comes back everywhere soon after one of them did well, and stays there', async () => {
    const { fleets, one, two, all } = await threeNodes();
    await one.attempt('a', REJECTED);
    await two.attempt('a', REJECTED);
    await fleets.clock.advance(FIRST_PROBE_MS);
    const [owner] = probing(all);
    await owner?.attempt('a');
    for (let passedMs = 0; passedMs < 30_000; passedMs += 100) {
      await fleets.clock.advance(100);
      // What it has just found out by itself, nobody talks it out of.
      expect(owner?.target('a').state).toBe('available');
      for (const node of [one, two]) if (node !== owner) await node.attempt('a');
      if (passedMs > 2500) expect(states(all)).toEqual(['available', 'available', 'available']);
    }
  });

  it('is not asked for again by all at once because one of them leaves', async () => {
    const { fleets, one, two, three, all } = await threeNodes();
    for (const node of all) await node.attempt('a', REJECTED);
    await fleets.clock.advance(1000);
    await one.leave();
    await fleets.clock.advance(2500);
    expect(states([two, three])).toEqual(['key-quarantined', 'key-quarantined']);
    expect(probing([two, three])).toEqual([]);
  });

  it('costs all of them together no more rejections than one that is alone', async () => {
    const { fleets, all } = await threeNodes();
    for (const node of all) await node.attempt('a', REJECTED);
    const together = await traffic(fleets, all, 600_000);
    const alone = new JoinedFleets();
    const node = alone.join('alone', providerWith(['a']));
    await node.attempt('a', REJECTED);
    // As many as one alone, and one more where their waits fell differently.
    expect(together).toBeLessThanOrEqual(1 + (await traffic(alone, [node], 600_000)));
  });
});
