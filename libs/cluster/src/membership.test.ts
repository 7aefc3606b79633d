import { seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import type { Local, LocalQuota } from './local.ts';
import { Membership } from './membership.ts';
import { type MemoryBus, MemoryNetwork } from './bus/memory-bus.ts';
import type { Share } from './shares/quota-share.ts';
import type { Bus, TargetEvidence, Wait, WaitKey } from './shapes.ts';
import type { TargetSight } from './view.ts';

const TARGET = 'mistral/a/large';
const KEY: WaitKey = 'key:mistral/a';
const QUOTA = 'mistral/w/large';
const EVIDENCE: TargetEvidence = { firstTokenMs: 300, samples: 9, ageMs: 0, inFlight: 0, faultShare: 0 };
const NOTHING_ASKED = { requests: 0, tokens: 0, tokenSquares: 0 };

/** A side that says what it is told to, and remembers what it heard. */
class Side implements Local {
  targets: Record<string, TargetEvidence> = {};
  waits: Record<WaitKey, Wait> = {};
  used: LocalQuota | undefined;
  retried = { earned: 0, spent: 0 };
  sights: ReadonlyMap<string, TargetSight> = new Map();
  allowed: Share = { requests: undefined, tokens: undefined };
  looks = 0;
  retriesPerSecond: number | undefined;
  readonly probed: WaitKey[] = [];
  onHear: () => void = () => undefined;

  readonly places = () => [{ id: TARGET, provider: 'mistral', waitKeys: [KEY] }, FREE];
  readonly evidence = () => ({ targets: this.targets, waits: this.waits });
  readonly quotas = () => new Map(this.used === undefined ? [] : [[QUOTA, this.used]]);
  readonly retries = () => this.retried;
  readonly hear = (sights: ReadonlyMap<string, TargetSight>) => {
    this.looks++;
    this.sights = sights;
    this.onHear();
  };
  readonly share = (shareOf: (quota: string) => { readonly share: Share }) => {
    this.allowed = shareOf(QUOTA).share;
  };
  readonly shareRetries = (perSecond: number) => {
    this.retriesPerSecond = perSecond;
  };
  readonly probeSoon = (key: WaitKey) => void this.probed.push(key);

  use(requestsPerMinute: number, requests: number): void {
    const asked = { requests: 1, tokens: 10, tokenSquares: 100 };
    this.used = { requestsPerMinute, requests, tokens: 0, asked };
  }

  get heldForMs(): number | undefined {
    return this.sights.get(TARGET)?.heldForMs;
  }
}

/** So that not all of the provider is held, which one peer's word is not enough for. */
const FREE = { id: 'mistral/b/large', provider: 'mistral', waitKeys: [] };

function setUp(names: readonly string[], over: (bus: MemoryBus) => Bus = (bus) => bus) {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const network = new MemoryNetwork({ clock, rng });
  const converged: number[] = [];
  const peers = names.map((id) => {
    const local = new Side();
    const deps = { clock, rng, bus: over(network.join(id)), local, retryFloorPerSecond: 10 };
    const membership = new Membership({ ...deps, onConverged: (tookMs) => converged.push(tookMs) }, id);
    membership.start();
    return { id, local, membership };
  });
  const [one, two, three] = peers as [Peer, Peer, Peer];
  return { clock, network, converged, peers, one, two, three };
}

interface Peer {
  readonly id: string;
  readonly local: Side;
  readonly membership: Membership;
}

const wait = (forMs: number): Record<WaitKey, Wait> => ({ [KEY]: { forMs, reason: 'key-quarantined' } });

describe('a membership', () => {
  it('tells at once what others act on, and has them hear it within milliseconds', async () => {
    const { clock, one, two } = setUp(['one', 'two']);
    await clock.advance(3000);
    one.local.waits = wait(5000);
    one.membership.tell();
    await clock.advance(10);
    expect(two.local.heldForMs).toBeGreaterThan(4980);
    one.local.waits = {};
    one.membership.tell();
    await clock.advance(10);
    expect(two.local.heldForMs).toBe(0);
  });

  it('lets go of what a silent peer said, without anything more coming', async () => {
    const { clock, network, one, two } = setUp(['one', 'two']);
    one.local.waits = wait(600_000);
    await clock.advance(1000);
    expect(two.local.heldForMs).toBeGreaterThan(0);
    network.partition([]);
    await clock.advance(12_000);
    expect([two.local.heldForMs, two.membership.peers.length]).toEqual([0, 0]);
  });

  it('passes evidence on with the next digest, and looks at it again as it ages', async () => {
    const { clock, one, two } = setUp(['one', 'two']);
    one.local.targets = { [TARGET]: EVIDENCE };
    await clock.advance(1000);
    expect(two.local.sights.get(TARGET)).toMatchObject({ firstTokenMs: 300, heldForMs: 0 });
    const { looks } = two.local;
    await clock.advance(5000);
    expect(two.local.looks).toBeGreaterThanOrEqual(looks + 5);
  });

  it('says how long it took to hear from everyone, once for each connection', async () => {
    const { clock, network, converged } = setUp(['one', 'two', 'three']);
    await clock.advance(5000);
    expect(converged).toHaveLength(3);
    network.goDown();
    await clock.advance(1000);
    network.comeUp();
    await clock.advance(5000);
    expect(converged).toHaveLength(6);
    for (const tookMs of converged) expect(tookMs).toBeLessThan(3000);
  });

  it('goes on with the next tick when its own side fails in one', async () => {
    const { clock, one } = setUp(['one', 'two']);
    await clock.advance(1000);
    one.local.onHear = () => {
      one.local.onHear = () => undefined;
      throw new Error('a fault of ours');
    };
    await expect(clock.advance(2000)).rejects.toThrow('a fault of ours');
    const { looks } = one.local;
    await clock.advance(3000);
    expect(one.local.looks).toBeGreaterThan(looks);
  });

  it('leaves no timer behind when it has stopped, and can be told things still', async () => {
    const { clock, peers } = setUp(['one', 'two']);
    await clock.advance(1000);
    for (const { local, membership } of peers) {
      local.waits = wait(5000);
      membership.tell();
    }
    await clock.advance(6);
    for (const { membership } of peers) await membership.stop(AbortSignal.abort());
    for (const { membership } of peers) membership.tell();
    await clock.advance(1);
    expect(clock.pending).toBe(0);
  });

  it('stops within its time though the bus never lets go', async () => {
    const { clock, one } = setUp(['one'], (bus) => {
      bus.close = (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve());
        });
      return bus;
    });
    await clock.advance(1000);
    const patience = new AbortController();
    const stopped = one.membership.stop(patience.signal);
    patience.abort();
    await expect(stopped).resolves.toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});

describe('a key that is put aside', () => {
  it('is probed by exactly one of those who put it aside, whoever asks', async () => {
    const { clock, one, two, three } = setUp(['one', 'two', 'three']);
    for (const { local } of [one, two]) local.waits = wait(20_000);
    await clock.advance(1000);
    const owners = [one, two].filter(({ membership }) => membership.mayProbe(KEY));
    expect(owners).toHaveLength(1);
    // Whoever has not put it aside is never asked; and if it were, it would not be in the others' way.
    expect(three.membership.mayProbe('key:mistral/other')).toBe(true);
  });

  it('is everyone’s own to probe without a bus', async () => {
    const { clock, network, one, two } = setUp(['one', 'two']);
    for (const { local } of [one, two]) local.waits = wait(20_000);
    await clock.advance(1000);
    network.goDown();
    await clock.advance(30_000);
    expect([one, two].map(({ membership }) => membership.mayProbe(KEY))).toEqual([true, true]);
  });

  it('is probed soon when a peer takes its word back', async () => {
    const { clock, one, two } = setUp(['one', 'two']);
    for (const { local } of [one, two]) local.waits = wait(20_000);
    await clock.advance(1000);
    two.local.waits = {};
    two.membership.tell();
    await clock.advance(10);
    expect(one.local.probed).toEqual([KEY]);
    await clock.advance(5000);
    expect([one.local.probed, two.local.probed]).toEqual([[KEY], []]);
  });

  it('is the next peer’s to probe when its owner drains, falls silent, or says that it cannot', async () => {
    for (const fails of [
      ({ membership }: Peer) => membership.drain(),
      ({ membership }: Peer) => void membership.stop(AbortSignal.abort()),
      ({ local }: Peer) => {
        local.waits = { [KEY]: { forMs: 0, reason: 'key-unprobed' } };
      },
    ]) {
      const { clock, peers } = setUp(['one', 'two', 'three', 'four']);
      for (const { local } of peers) local.waits = wait(60_000);
      await clock.advance(1000);
      const left = [...peers];
      while (left.length > 0) {
        const owners = left.filter(({ membership }) => membership.mayProbe(KEY));
        expect(owners).toHaveLength(1);
        for (const owner of owners) {
          fails(owner);
          left.splice(left.indexOf(owner), 1);
        }
        await clock.advance(15_000);
      }
    }
  });

  it.each([
    [
      'says that it has nobody to probe it with',
      async ({ clock, two }: { clock: VirtualClock; two: Peer }) => {
        two.local.waits = { [KEY]: { forMs: 0, reason: 'key-unprobed' } };
        await clock.advance(30_000);
      },
    ],
    [
      'drains and says goodbye',
      async ({ two }: { two: Peer }) => {
        two.membership.drain();
        await two.membership.stop(AbortSignal.abort());
      },
    ],
    ['falls silent', async ({ network }: { network: MemoryNetwork }) => network.partition([])],
    [
      'says nothing more of it until its wait has run out',
      async ({ network }: { network: MemoryNetwork }) => {
        network.faults = { ...network.faults, lossShare: 1 };
      },
    ],
  ])('is not probed sooner because a peer %s', async (_what, happens) => {
    const set = setUp(['one', 'two']);
    set.one.local.waits = wait(600_000);
    set.two.local.waits = wait(3000);
    await set.clock.advance(1000);
    await happens(set);
    await set.clock.advance(40_000);
    expect(set.one.local.probed).toEqual([]);
  });
});

describe('shares', () => {
  it('are the whole limit for a peer that is alone', async () => {
    const { clock, one } = setUp(['one']);
    one.local.use(100, 40);
    await clock.advance(5000);
    expect(one.local.allowed.requests).toBe(100);
    expect(one.local.retriesPerSecond).toBeGreaterThanOrEqual(10);
  });

  it('go by what the others were told, so that all divide the same and nothing twice', async () => {
    const { clock, peers } = setUp(['one', 'two', 'three']);
    await clock.advance(5000);
    const sums: number[] = [];
    for (let tick = 0; tick < 100; tick++) {
      for (const [place, { local }] of peers.entries()) local.use(3000, Math.floor(tick * (1 + 4 * place)));
      await clock.advance(100);
      sums.push(peers.reduce((total, { local }) => total + (local.allowed.requests ?? 0), 0));
    }
    // What is under way counts for a request or two.
    expect(Math.max(...sums.slice(10))).toBeLessThanOrEqual(3005);
  });

  it('of a peer that drains go to the others', async () => {
    const { clock, one, two } = setUp(['one', 'two']);
    for (const { local } of [one, two]) local.use(1000, 0);
    await clock.advance(10_000);
    expect(one.local.allowed.requests).toBeLessThan(600);
    if (two.local.used !== undefined) two.local.used = { ...two.local.used, asked: NOTHING_ASKED };
    two.membership.drain();
    await two.membership.stop(AbortSignal.abort());
    await clock.advance(5000);
    expect(one.local.allowed.requests).toBe(1000);
  });

  it('of retries are what all earn, divided', async () => {
    const { clock, one, two } = setUp(['one', 'two']);
    one.local.retried = { earned: 4, spent: 0 };
    await clock.advance(20_000);
    const perSecond = [one, two].map(({ local }) => local.retriesPerSecond ?? 0);
    expect(perSecond[0]).toBeCloseTo(perSecond[1] ?? 0, 1);
    expect((perSecond[0] ?? 0) + (perSecond[1] ?? 0)).toBeGreaterThan(45);
    expect((perSecond[0] ?? 0) + (perSecond[1] ?? 0)).toBeLessThan(52);
  });
});
