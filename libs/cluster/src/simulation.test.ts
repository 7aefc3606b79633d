/** Whole clusters in virtual time; thousands more of them run in `fixtures/simulation/nightly.ts`. */
import { describe, expect, it, vi } from 'vitest';
import { percentile } from './fixtures/simulation/events.ts';
import { holdDelays } from './fixtures/simulation/growth.ts';
import { broken } from './fixtures/simulation/invariants.ts';
import { record } from './fixtures/simulation/recording.ts';
import { SimulatedCluster } from './fixtures/simulation/simulated-cluster.ts';
import { QUOTA } from './fixtures/simulation/simulated-local.ts';
import { tryStorm } from './fixtures/simulation/trial.ts';
import { FORGET_AFTER_MS } from './peers.ts';

const LIMIT = 600;

/** Of a busy machine's patience: minutes of virtual time pass in each. */
vi.setConfig({ testTimeout: 30_000 });

/** Twice as much traffic as there is quota for. */
function clusterOf(peers: number, seed: number): SimulatedCluster {
  return new SimulatedCluster(seed, {
    peers,
    keys: 4,
    groups: 1,
    limits: { requestsPerMinute: LIMIT, tokensPerMinute: 1e9 },
    tokens: 500,
    faults: { minDelayMs: 1, maxDelayMs: 20 },
    perMinute: () => (2 * LIMIT) / peers,
  });
}

function sharesOf({ alive }: SimulatedCluster): number {
  return alive.reduce((sum, { membership }) => sum + (membership.shareOf(QUOTA).requests ?? Number.NaN), 0);
}

describe('a cluster that everything happens to', () => {
  it.each([...Array(24).keys()])(
    'is as it should be again afterwards, and never was what it must not be (%i)',
    async (seed) => {
      expect(broken(await tryStorm(seed, 15_000))).toEqual([]);
    },
  );

  it('is so when it is large, too', async () => {
    expect(broken(await tryStorm(5, 5_000, 12))).toEqual([]);
  });

  it('has the same fate for the same seed', async () => {
    expect(await tryStorm(98, 10_000)).toEqual(await tryStorm(98, 10_000));
    expect(await tryStorm(98, 10_000)).not.toEqual(await tryStorm(100, 10_000));
  });
});

describe('a quota', () => {
  /** What happens at some time of a minute, and how much more than the limit is used in the worst minute. */
  const cases: readonly [what: string, excess: number, happens: (cluster: SimulatedCluster) => Promise<void>][] = [
    ['nothing happens', 0.02, () => Promise.resolve()],
    [
      'one message in fifty is lost, doubled or late',
      0.02,
      ({ network }) => {
        network.faults = {
          ...network.faults,
          lossShare: 0.02,
          duplicateShare: 0.02,
          reorderShare: 0.1,
          maxDelayMs: 60,
        };
        return Promise.resolve();
      },
    ],
    [
      'the bus is gone for half a minute',
      0.02,
      async (cluster) => {
        cluster.network.goDown();
        await cluster.run(30_000);
        cluster.network.comeUp();
      },
    ],
    [
      'one peer is cut off for half a minute',
      0.02,
      async (cluster) => {
        const [first = '', ...others] = cluster.alive.map(({ id }) => id);
        cluster.network.partition([[first], others]);
        await cluster.run(30_000);
        cluster.network.heal();
      },
    ],
    ['a peer crashes', 0.05, (cluster) => cluster.crash(0)],
    ['a peer says goodbye', 0.02, (cluster) => cluster.leave(0)],
    [
      'a peer joins',
      0.03,
      (cluster) => {
        cluster.join(cluster.peers.length);
        return Promise.resolve();
      },
    ],
    [
      'a peer crashes and comes back',
      0.06,
      async (cluster) => {
        await cluster.crash(0);
        await cluster.run(3_000);
        cluster.join(0);
      },
    ],
  ];

  it.each(cases)('is exceeded by little when %s', async (_what, excess, happens) => {
    for (const [seed, peers] of [
      [1, 2],
      [2, 3],
    ] as const) {
      const cluster = clusterOf(peers, seed);
      await cluster.run(40_000 + 60_000 * cluster.rng());
      await happens(cluster);
      await cluster.run(70_000);
      expect(cluster.vendor.mostRequests).toBeLessThanOrEqual(LIMIT * (1 + excess));
    }
  });

  it('is used to the end by a fleet that has lost a peer, from the next minute after its silence was believed', async () => {
    const cluster = clusterOf(3, 4);
    await cluster.run(70_000);
    await cluster.crash(0);
    await cluster.run(50_000);
    const before = cluster.vendor.granted;
    await cluster.run(60_000);
    expect(cluster.vendor.granted - before).toBeGreaterThanOrEqual(0.98 * LIMIT);
    expect(sharesOf(cluster)).toBeGreaterThan(0.98 * LIMIT);
  });

  it('goes on at half by peers that have lost the bus, each for itself', async () => {
    const cluster = clusterOf(2, 5);
    await cluster.run(130_000);
    cluster.network.goDown();
    await cluster.run(110_000);
    const before = cluster.vendor.granted;
    await cluster.run(60_000);
    expect(cluster.vendor.granted - before).toBeGreaterThan(0.98 * LIMIT);
    expect(cluster.vendor.granted - before).toBeLessThanOrEqual(1.01 * LIMIT);
    for (const { membership } of cluster.alive) expect(membership.shareOf(QUOTA).requests).toBeCloseTo(LIMIT / 2, -1);
  });
});

describe('what a peer decides by', () => {
  it('is never older than ten seconds while it is well', async () => {
    const cluster = clusterOf(4, 6);
    cluster.network.faults = { ...cluster.network.faults, lossShare: 0.2 };
    await cluster.run(5_000);
    await cluster.crash(0);
    const [first = '', ...others] = cluster.alive.map(({ id }) => id);
    cluster.network.partition([[first], others]);
    await cluster.run(25_000);
    expect(cluster.oldestMs).toBeGreaterThan(FORGET_AFTER_MS - 1_000);
    expect(cluster.oldestMs).toBeLessThanOrEqual(FORGET_AFTER_MS);
  });
});

describe('a hold that one peer orders', () => {
  it('is obeyed by three peers within a quarter of a second', async () => {
    const delaysMs = await holdDelays(3, 30_000);
    expect(delaysMs.length).toBeGreaterThan(150);
    expect(percentile(delaysMs, 0.99)).toBeLessThanOrEqual(250);
  });

  it('is obeyed by ten as soon', async () => {
    const delaysMs = await holdDelays(10, 4_000);
    expect(delaysMs.length).toBeGreaterThan(100);
    expect(percentile(delaysMs, 0.99)).toBeLessThanOrEqual(250);
  });
});

it('receives less than 100 KiB in a second from forty peers, with more to say than fits into that', async () => {
  const limits = { requestsPerMinute: 6_000, tokensPerMinute: 1e9 };
  const { bytesPerSecond } = await record({
    peers: 40,
    keys: 50,
    groups: 50,
    settlingMs: 10_000,
    forMs: 10_000,
    eventsPerSecond: 2,
    limits,
    tokens: 500,
  });
  expect(bytesPerSecond).toBeGreaterThan(60 * 1_024);
  expect(bytesPerSecond).toBeLessThan(100 * 1_024);
});
