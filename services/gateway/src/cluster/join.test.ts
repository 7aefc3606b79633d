/** What becomes of quotas, holds and retries when nodes join, drain, leave, reload, or have no bus at all. */
import type { MeasuredBus } from '@leeward/cluster';
import { RetryBudget } from '@leeward/failover';
import { fault } from '@leeward/upstream';
import { describe, expect, it } from 'vitest';
import { type JoinedFleet, JoinedFleets, providerWith } from '../fixtures/joined-fleets.ts';

const MINUTE_MS = 60_000;
const LIMIT = 600;
const LIMITED = providerWith(['a'], { requestsPerMinute: LIMIT });
const WAIT = { kind: 'quota', never: false, retryAfterMs: 30_000, rung: 'requests' } as const;

async function nodesOf(count: number, provider = LIMITED) {
  const fleets = new JoinedFleets();
  const nodes = Array.from({ length: count }, (_, place) => fleets.join(`node-${place}`, provider));
  await fleets.meet();
  return { fleets, nodes };
}

/** To the beginning of the next minute, and a little. */
async function nextMinute({ clock }: JoinedFleets): Promise<void> {
  await clock.advance(MINUTE_MS - (clock.wallMs() % MINUTE_MS) + 10);
}

/** Each node is asked so many times a second for a while; answers what was granted to each. */
async function load(fleets: JoinedFleets, asked: readonly (readonly [JoinedFleet, number])[], forMs: number) {
  const granted = asked.map(() => 0);
  for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
    for (const [place, [node, perSecond]] of asked.entries()) {
      const before = (passedMs * perSecond) / 1000;
      const now = ((passedMs + 100) * perSecond) / 1000;
      for (let request = Math.floor(before); request < Math.floor(now); request++) {
        if (await node.request()) granted[place] = (granted[place] ?? 0) + 1;
      }
    }
    await fleets.clock.advance(100);
  }
  return granted;
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);

function requestsLeft(node: JoinedFleet): number {
  const { share, used } = node.requests;
  return share - used;
}

describe('a quota that nodes share', () => {
  it('is used by them together to the end and hardly beyond, divided by demand', async () => {
    const { fleets, nodes } = await nodesOf(3);
    const [busy, quiet, idle] = nodes as [JoinedFleet, JoinedFleet, JoinedFleet];
    const asked = [
      [busy, 16],
      [quiet, 4],
      [idle, 0],
    ] as const;
    await load(fleets, asked, 20_000);
    await nextMinute(fleets);
    const granted = await load(fleets, asked, 59_000);
    expect(sum(granted)).toBeGreaterThan(LIMIT * 0.95);
    expect(sum(granted)).toBeLessThanOrEqual(LIMIT * 1.02);
    // As long as there is some, each gets what it asks for: a fifth of it is the quiet one's.
    expect(granted[1]).toBeGreaterThan((LIMIT / 5) * 0.9);
  });

  it('is given back when a node drains and leaves', async () => {
    const { fleets, nodes } = await nodesOf(2);
    const [stays, leaves] = nodes as [JoinedFleet, JoinedFleet];
    await load(
      fleets,
      [
        [stays, 10],
        [leaves, 10],
      ],
      20_000,
    );
    leaves.side.drain();
    await leaves.leave();
    await fleets.clock.advance(5000);
    await nextMinute(fleets);
    const granted = await load(fleets, [[stays, 15]], 59_000);
    expect(sum(granted)).toBeGreaterThan(LIMIT * 0.95);
  });

  it('is known to be used by a vendor’s headers, without taking the other nodes’ use for a stranger’s', async () => {
    const { fleets, nodes } = await nodesOf(3);
    await nextMinute(fleets);
    let seen = 0;
    for (let passedMs = 0; passedMs < 20_000; passedMs += 100) {
      for (const node of nodes) if (await node.request({ left: () => LIMIT - ++seen })) continue;
      await fleets.clock.advance(100);
    }
    // 30 a second: all of it is used up, and none of it was counted for strangers.
    expect(seen).toBeGreaterThan(LIMIT * 0.95);
    expect(seen).toBeLessThanOrEqual(LIMIT * 1.02);
  });

  it('counts what strangers use once, though every node sees it', async () => {
    const strangers = 200;
    const { fleets, nodes } = await nodesOf(3);
    await nextMinute(fleets);
    let seen = strangers;
    for (let passedMs = 0; passedMs < 58_000; passedMs += 100) {
      for (const node of nodes) await node.request({ left: () => Math.max(0, LIMIT - ++seen) });
      await fleets.clock.advance(100);
    }
    expect(seen).toBeGreaterThan(LIMIT * 0.9);
    expect(seen).toBeLessThanOrEqual(LIMIT * 1.06);
  });

  it('begins with no flood when its limit is learned under load', async () => {
    const { fleets, nodes } = await nodesOf(2, providerWith(['a']));
    await nextMinute(fleets);
    let seen = 0;
    for (let passedMs = 0; passedMs < 58_000; passedMs += 100) {
      for (const node of nodes) await node.request({ limit: LIMIT, left: () => Math.max(0, LIMIT - ++seen) });
      await fleets.clock.advance(100);
    }
    expect(seen).toBeGreaterThan(LIMIT * 0.95);
    expect(seen).toBeLessThanOrEqual(LIMIT * 1.02);
  });

  it('goes on being shared by the fleet of a new config, and by no retired one', async () => {
    const { fleets, nodes } = await nodesOf(2);
    const [one] = nodes as [JoinedFleet, JoinedFleet];
    const before = one.target('a');
    await one.reload({ ...LIMITED, baseUrl: 'https://elsewhere.test' });
    await fleets.clock.advance(1000);
    const after = one.target('a');
    expect(after).not.toBe(before);
    expect(after.quota).not.toBe(before.quota);
    expect(one.requests.share).toBeLessThan(LIMIT * 0.6);
    const views = one.side.view();
    expect(views.shares).toMatchObject([{ quota: 'mistral/workspace/large', requestsPerMinute: LIMIT }]);
  });
});

describe('a node alone in its cluster', () => {
  it('behaves as without one: the whole quota, every retry, no key held', async () => {
    const { fleets, nodes } = await nodesOf(1);
    const [node] = nodes as [JoinedFleet];
    await nextMinute(fleets);
    expect(sum(await load(fleets, [[node, 20]], 50_000))).toBe(LIMIT);
    const alone = new RetryBudget(fleets.clock);
    await fleets.clock.advance(60_000);
    expect(node.budget.balance).toBeCloseTo(alone.balance, 6);
  });

  it('is as free when there is no bus, nor ever was', async () => {
    const fleets = new JoinedFleets();
    fleets.network.goDown();
    const node = fleets.join('node', LIMITED);
    await nextMinute(fleets);
    expect(node.side.degraded()).toEqual(['cluster-bus-disconnected']);
    expect(sum(await load(fleets, [[node, 20]], 50_000))).toBe(LIMIT);
  });

  it('probes its keys by itself', async () => {
    const { fleets, nodes } = await nodesOf(1);
    const [node] = nodes as [JoinedFleet];
    await node.attempt('a', { kind: 'credentials' });
    await fleets.clock.advance(10_000);
    expect(node.target('a').state).toBe('available');
  });
});

describe('what one node says', () => {
  it('holds a quota at the others for as long as the vendor ordered, and no longer', async () => {
    const { fleets, nodes } = await nodesOf(3, providerWith(['a', 'b']));
    const [one, two, three] = nodes as [JoinedFleet, JoinedFleet, JoinedFleet];
    await one.attempt('a', WAIT);
    await two.attempt('a', WAIT);
    await fleets.clock.advance(50);
    expect([three.target('a').state, three.target('a').heldFor]).toEqual(['held', 'quota-cooldown']);
    expect(three.target('a').freeInMs).toBeGreaterThan(29_000);
    expect(three.lines.filter((line) => line.includes('target-held'))).toHaveLength(2);
    await fleets.clock.advance(29_900);
    expect(three.target('a').state).toBe('held');
    await fleets.clock.advance(100);
    expect([one, two, three].map((node) => node.target('a').state)).toEqual(['available', 'available', 'available']);
  });

  it('opens no breaker of the others, whose own first fault then does', async () => {
    const { fleets, nodes } = await nodesOf(2);
    const [one, two] = nodes as [JoinedFleet, JoinedFleet];
    for (let failed = 0; failed < 5; failed++) await one.attempt('a', fault('reset'));
    await fleets.clock.advance(50);
    expect([one, two].map((node) => node.target('a').state)).toEqual(['breaker-open', 'available']);
    await two.attempt('a', fault('reset'));
    expect(two.target('a').view().breaker).toMatchObject({ state: 'open', lastTrip: { reason: 'confirmed' } });
  });

  it('is not believed when little is behind it: one fault that opened a breaker elsewhere opens none here', async () => {
    const quick = { consecutiveFaults: 1, minSuccessRate: 0.5, windowMs: 10_000, minSamples: 20 };
    const breaker = { ...quick, probeAfterMs: 1000, maxProbeAfterMs: 60_000 };
    const fleets = new JoinedFleets();
    const one = fleets.join('one', { ...LIMITED, breaker });
    const two = fleets.join('two', LIMITED);
    await fleets.meet();
    await one.attempt('a', fault('reset'));
    await fleets.clock.advance(50);
    await two.attempt('a', fault('reset'));
    expect([one, two].map((node) => node.target('a').state)).toEqual(['breaker-open', 'available']);
  });

  it('is not passed on by those who believed it', async () => {
    const { fleets, nodes } = await nodesOf(3);
    const [one, two, three] = nodes as [JoinedFleet, JoinedFleet, JoinedFleet];
    for (let failed = 0; failed < 5; failed++) await one.attempt('a', fault('reset'));
    await fleets.clock.advance(50);
    await two.attempt('a', fault('reset'));
    // The first one is well again; what the second has is the echo of its word.
    fleets.network.partition([['node-1', 'node-2']]);
    await fleets.clock.advance(50);
    expect(two.target('a').evidence.trip).toBeUndefined();
    await fleets.clock.advance(15_000);
    await three.attempt('a', fault('reset'));
    expect(three.target('a').state).toBe('available');
  });

  it('counts no more where the target has served well since', async () => {
    const { fleets, nodes } = await nodesOf(2);
    const [one, two] = nodes as [JoinedFleet, JoinedFleet];
    for (let failed = 0; failed < 5; failed++) await one.attempt('a', fault('reset'));
    await fleets.clock.advance(50);
    for (let served = 0; served < 10; served++) await two.attempt('a');
    await two.attempt('a', fault('reset'));
    expect(two.target('a').state).toBe('available');
  });

  it('that its breaker is open is over when it has no traffic to probe with', async () => {
    const { fleets, nodes } = await nodesOf(2);
    const [one, two] = nodes as [JoinedFleet, JoinedFleet];
    for (let failed = 0; failed < 5; failed++) await one.attempt('a', fault('reset'));
    await fleets.clock.advance(30_000);
    expect(one.target('a').view().breaker.state).toBe('half-open');
    await two.attempt('a', fault('reset'));
    expect(two.target('a').state).toBe('available');
  });
});

describe('requests', () => {
  it('never wait for the bus: nothing is published, and no share asked for, while one is made', async () => {
    const fleets = new JoinedFleets();
    let calls = 0;
    const node = fleets.join('node', LIMITED, (bus): MeasuredBus => {
      const publish = bus.publish.bind(bus);
      bus.publish = (subject, bytes) => {
        calls++;
        publish(subject, bytes);
      };
      return bus;
    });
    await fleets.meet();
    const before = calls;
    const target = node.target('a');
    for (let request = 0; request < 50; request++) {
      const lease = target.enter({ promptTokens: 10, stream: false });
      lease?.settle(request === 49 ? WAIT : fault('reset'));
    }
    expect(calls).toBe(before);
    await fleets.clock.advance(20);
    expect(calls).toBe(before + 1);
  });
});

describe('leaving', () => {
  it('leaves no timer and no listener behind', async () => {
    const { fleets, nodes } = await nodesOf(3);
    for (const node of nodes) await node.attempt('a', WAIT);
    await fleets.clock.advance(1);
    for (const node of nodes) await node.leave();
    // What is under way arrives nowhere.
    await fleets.clock.advance(1000);
    expect(fleets.clock.pending).toBe(0);
    for (const node of nodes) node.side.tell();
    expect(fleets.clock.pending).toBe(0);
  });
});

describe('the view of the cluster', () => {
  it('names every peer with the age of its word and what it waits for, and the shares', async () => {
    const { fleets, nodes } = await nodesOf(2);
    const [one, two] = nodes as [JoinedFleet, JoinedFleet];
    await two.attempt('a', WAIT);
    await fleets.clock.advance(50);
    const { self, peers, shares } = one.side.view();
    expect(self).toMatchObject({ peer: expect.stringMatching(/^node-0/) as string, health: 0, bus: 'connected' });
    expect(peers).toMatchObject([
      {
        peer: expect.stringMatching(/^node-1/) as string,
        draining: false,
        waits: [{ key: 'quota:mistral/workspace/large', reason: 'quota-cooldown' }],
      },
    ]);
    expect(shares).toHaveLength(1);
    two.side.drain();
    await fleets.clock.advance(50);
    expect(one.side.view().peers).toMatchObject([{ draining: true }]);
    expect(requestsLeft(one)).toBeGreaterThan(0);
  });
});
