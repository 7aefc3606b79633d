import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import type { Lease } from './lease.ts';
import { fault, OK } from './outcome.ts';
import { Member, Siblings } from './pool.ts';

const ASK = { promptTokens: 1000, stream: true };

/** Members of one pool, with the weights given. */
function setUp(weights: Readonly<Record<string, number>>) {
  const clock = new VirtualClock();
  const keys = Object.keys(weights);
  const { fleet } = scriptedFleet({ clock, rng: seededRng(1) }, { mistral: { keys, script: () => [] } });
  const targets = fleet.pool([{ provider: 'mistral', model: 'large', weight: 1 }]).map(({ target }) => target);
  const siblings = new Siblings(clock);
  const pool = siblings.settleIn(targets.map((target) => new Member(target, weights[target.key.name] ?? 1, siblings)));
  const member = (key: string): Member => {
    const found = pool.find(({ target }) => target.key.name === key);
    if (found === undefined) throw new Error(`no member of ${key}`);
    return found;
  };
  const enter = (key: string): Lease => {
    const lease = member(key).target.enter(ASK);
    if (lease === undefined) throw new Error(`${key} is ${member(key).target.state}`);
    return lease;
  };
  /** First tokens after so long. */
  const answers = async (key: string, firstMs: number, count = 5) => {
    for (let answer = 0; answer < count; answer++) {
      const lease = enter(key);
      await clock.advance(firstMs);
      lease.begun();
      lease.settle(OK);
    }
  };
  /** What a reader sees once the means are fresh again. */
  const look = async () => {
    await clock.advance(1000);
    siblings.look();
    return siblings;
  };
  return { clock, siblings, member, enter, answers, look };
}

describe('the siblings of a pool', () => {
  it('have some figure for everyone before anything is learned', async () => {
    const { look, member } = setUp({ a: 1, b: 1 });
    const { firstTokenMs, inFlight } = await look();
    expect(firstTokenMs).toBeGreaterThan(0);
    expect([inFlight, member('a').load]).toEqual([0, member('b').load]);
  });

  it('are measured by the median of what was learned, the lower one of two', async () => {
    const { answers, look } = setUp({ a: 1, b: 1, c: 1, d: 1 });
    await answers('a', 5000);
    expect((await look()).firstTokenMs).toBeCloseTo(5000, 6);
    await answers('b', 300);
    expect((await look()).firstTokenMs).toBeCloseTo(300, 6);
    await answers('c', 900);
    expect((await look()).firstTokenMs).toBeCloseTo(900, 6);
    await answers('d', 800);
    expect((await look()).firstTokenMs).toBeCloseTo(800, 6);
  });

  it('are measured by the mean in flight for their weight', async () => {
    const { enter, look } = setUp({ a: 1, b: 3 });
    for (let request = 0; request < 8; request++) enter(request % 2 === 0 ? 'a' : 'b');
    expect((await look()).inFlight).toBe(2);
  });

  it('do not look crowded beside one that gets no traffic', async () => {
    const { enter, look } = setUp({ a: 1, b: 1, ill: 1 });
    for (let request = 0; request < 8; request++) enter(request % 2 === 0 ? 'a' : 'b');
    expect((await look()).inFlight).toBe(4);
  });

  it('have no mean, and divide by nothing, when none has a weight', async () => {
    const { enter, look } = setUp({ a: 0 });
    enter('a');
    expect((await look()).inFlight).toBe(0);
  });

  it('are looked at again only after a moment', async () => {
    const { answers, look, siblings, clock } = setUp({ a: 1, b: 1 });
    await answers('a', 500);
    await look();
    await answers('b', 5, 1);
    siblings.look();
    expect(siblings.firstTokenMs).toBeCloseTo(500, 6);
    await clock.advance(1000);
    siblings.look();
    expect(siblings.firstTokenMs).toBeCloseTo(5, 6);
  });
});

describe('a member’s load', () => {
  it('is its pool’s median while nothing was learned of it', async () => {
    const { answers, look, member } = setUp({ a: 1, b: 1, c: 1, newcomer: 1 });
    await answers('a', 300);
    await answers('b', 900);
    await answers('c', 3000);
    await look();
    expect(member('newcomer').load).toBeCloseTo(member('b').load, 3);
    expect(member('newcomer').load).toBeGreaterThan(member('a').load);
    expect(member('newcomer').load).toBeLessThan(member('c').load);
  });

  it('grows with crowding, and weight shares it', async () => {
    const { enter, look, member } = setUp({ a: 1, b: 2, idle: 1 });
    for (const key of ['a', 'a', 'b', 'b', 'b', 'b']) enter(key);
    await look();
    expect(member('a').load).toBeCloseTo(member('b').load, 6);
    expect(member('a').load).toBeGreaterThan(member('idle').load);
    const one = member('a').load;
    for (let request = 0; request < 20; request++) enter('a');
    await look();
    expect(member('a').load).toBeGreaterThan(one);
  });

  it('is raised by faults and by scarce headroom', async () => {
    const { clock, enter, look, member } = setUp({ well: 1, ill: 1, scarce: 1 });
    for (let failed = 0; failed < 3; failed++) enter('ill').settle(fault('reset'));
    const headers = { 'x-ratelimit-limit-tokens-minute': '1000', 'x-ratelimit-remaining-tokens-minute': '50' };
    member('scarce').target.observe(headers, clock.nowMs());
    await look();
    expect(member('ill').load).toBeGreaterThan(member('well').load * 2);
    expect(member('scarce').load).toBeGreaterThan(member('well').load * 2);
  });

  it('is a figure without a weight too, alone or among others', async () => {
    for (const weights of [{ out: 0 }, { out: 0, a: 1 }]) {
      const { enter, look, member } = setUp(weights);
      const idle = member('out').load;
      for (let request = 0; request < 5; request++) enter('out');
      await look();
      expect([Number.isFinite(idle), Number.isFinite(member('out').load)]).toEqual([true, true]);
    }
  });

  it('may differ from pool to pool, as its weight does', async () => {
    const { clock, member, enter } = setUp({ a: 1 });
    const others = new Siblings(clock);
    const [again] = others.settleIn([new Member(member('a').target, 4, others)]);
    for (let request = 0; request < 8; request++) enter('a');
    expect(again?.inFlight).toBe(member('a').inFlight);
    expect(again?.load).not.toBe(member('a').load);
  });
});
