import { seededRng, VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { describeBus, heardBy, never, say } from './bus.contract.ts';
import { type Faults, MemoryNetwork } from './memory-bus.ts';

describeBus({
  name: 'memory',
  open: () => {
    const { clock, network } = networkOf();
    let joined = 0;
    return Promise.resolve({
      join: () => network.join(`peer-${joined++}`),
      eventually: async (check) => {
        await clock.advance(10);
        check();
      },
      fail: () => Promise.resolve(network.goDown()),
      recover: () => Promise.resolve(network.comeUp()),
      end: () => Promise.resolve(),
    });
  },
});

function networkOf(faults: Partial<Faults> = {}, seed = 1): { clock: VirtualClock; network: MemoryNetwork } {
  const clock = new VirtualClock();
  return { clock, network: new MemoryNetwork({ clock, rng: seededRng(seed) }, faults) };
}

/** A thousand messages from one peer to another, a millisecond apart, and what arrives of them. */
async function thousandOver(faults: Partial<Faults>, seed = 1): Promise<string[]> {
  const { clock, network } = networkOf(faults, seed);
  const [one, other] = [network.join('one'), network.join('other')];
  const heard = heardBy(other, 'digest');
  for (let count = 0; count < 1000; count++) {
    say(one, 'digest', String(count));
    await clock.advance(1);
  }
  await clock.advance(60_000);
  return heard;
}

const inOrder = (heard: readonly string[]): boolean =>
  heard.every((text, index) => index === 0 || Number(text) >= Number(heard[index - 1]));

describe('MemoryNetwork', () => {
  // Binomial, 1000 tries: one standard deviation is at most 15.8; 80 is five.
  it('loses the share that it is told to', async () => {
    const heard = await thousandOver({ lossShare: 0.3 });
    expect(Math.abs(heard.length - 700)).toBeLessThan(80);
    expect(new Set(heard).size).toBe(heard.length);
  });

  it('repeats the share that it is told to', async () => {
    const heard = await thousandOver({ duplicateShare: 0.5 });
    expect(Math.abs(heard.length - 1500)).toBeLessThan(80);
    expect(new Set(heard).size).toBe(1000);
  });

  it('delays within its bounds and keeps the order all the same', async () => {
    const { clock, network } = networkOf({ minDelayMs: 20, maxDelayMs: 80 });
    const [one, other] = [network.join('one'), network.join('other')];
    const arrivals: number[] = [];
    other.subscribe('digest', () => arrivals.push(clock.nowMs()));
    for (let count = 0; count < 100; count++) say(one, 'digest', 'x');
    await clock.advance(19);
    expect(arrivals).toEqual([]);
    await clock.advance(61);
    expect(arrivals.length).toBe(100);
    expect(inOrder(await thousandOver({ minDelayMs: 0, maxDelayMs: 50 }))).toBe(true);
  });

  it('lets messages overtake one another when told to, and loses none of them', async () => {
    const heard = await thousandOver({ maxDelayMs: 50, reorderShare: 0.2 });
    expect(inOrder(heard)).toBe(false);
    expect(new Set(heard).size).toBe(1000);
    expect(heard.length).toBe(1000);
  });

  it('draws the same storm from the same seed', async () => {
    const storm = { lossShare: 0.1, duplicateShare: 0.1, reorderShare: 0.1, maxDelayMs: 30 };
    expect(await thousandOver(storm, 7)).toEqual(await thousandOver(storm, 7));
    expect(await thousandOver(storm, 7)).not.toEqual(await thousandOver(storm, 8));
  });

  it('delivers everything once and in order when it has no faults, whoever sends when', async () => {
    const sends = fc.array(fc.record({ from: fc.nat(3), afterMs: fc.nat(5) }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sends, async (plan) => {
        const { clock, network } = networkOf();
        const buses = [0, 1, 2, 3].map((peer) => network.join(`peer-${peer}`));
        const heard = buses.map((bus) => heardBy(bus, 'digest'));
        for (const [index, { from, afterMs }] of plan.entries()) {
          await clock.advance(afterMs);
          const sender = buses[from];
          if (sender !== undefined) say(sender, 'digest', `${from}:${index}`);
        }
        await clock.advance(1);
        const sent = plan.map(({ from }, index) => `${from}:${index}`);
        for (const [peer, got] of heard.entries()) {
          expect(got).toEqual(sent.filter((text) => !text.startsWith(`${peer}:`)));
        }
        expect([network.underway, clock.pending]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  it('separates the groups of a partition, and joins them again when it heals', async () => {
    const { clock, network } = networkOf();
    const [a, b, c] = [network.join('a'), network.join('b'), network.join('c')];
    const heard = { a: heardBy(a, 'digest'), b: heardBy(b, 'digest'), c: heardBy(c, 'digest') };
    network.partition([['a', 'b']]);
    for (const bus of [a, b, c]) say(bus, 'digest', bus.name);
    await clock.advance(1);
    expect(heard).toEqual({ a: ['b'], b: ['a'], c: [] });
    network.heal();
    say(c, 'digest', 'c again');
    await clock.advance(1);
    expect(heard).toEqual({ a: ['b', 'c again'], b: ['a', 'c again'], c: [] });
  });

  it('can break one direction alone', async () => {
    const { clock, network } = networkOf();
    const [a, b] = [network.join('a'), network.join('b')];
    const heard = { a: heardBy(a, 'digest'), b: heardBy(b, 'digest') };
    network.restrict((from) => from !== 'a');
    for (const bus of [a, b]) say(bus, 'digest', bus.name);
    await clock.advance(1);
    expect(heard).toEqual({ a: ['b'], b: [] });
  });

  it('loses what is on its way when the network breaks', async () => {
    const { clock, network } = networkOf({ minDelayMs: 10, maxDelayMs: 10 });
    const [a, b] = [network.join('a'), network.join('b')];
    const heard = heardBy(b, 'digest');
    say(a, 'digest', 'into the partition');
    network.partition([['a'], ['b']]);
    await clock.advance(10);
    network.heal();
    say(a, 'digest', 'into the outage');
    b.disconnect();
    b.reconnect();
    say(a, 'digest', 'to the new connection');
    await clock.advance(10);
    expect(heard).toEqual(['to the new connection']);
  });

  it('gives a name to one peer at a time', async () => {
    const { network } = networkOf();
    const bus = network.join('a');
    expect(() => network.join('a')).toThrow('a is on this network already');
    await bus.close(never());
    expect(network.join('a').state).toBe('connected');
  });

  it('keeps what it carries apart from the sender’s buffer', async () => {
    const { clock, network } = networkOf();
    const [a, b] = [network.join('a'), network.join('b')];
    const heard = heardBy(b, 'digest');
    const buffer = Buffer.from('as sent');
    a.publish('digest', buffer);
    buffer.fill('x');
    await clock.advance(1);
    expect(heard).toEqual(['as sent']);
  });

  it('bounds what is on its way, and counts what it drops for that', () => {
    const { network } = networkOf();
    const buses = Array.from({ length: 1000 }, (_, peer) => network.join(`peer-${peer}`));
    const [sender] = buses;
    if (sender === undefined) throw new Error('there are a thousand');
    for (let count = 0; count < 510; count++) say(sender, 'digest', 'x');
    expect(network.underway).toBeLessThanOrEqual(500_000);
    expect(sender.traffic.sentMessages + sender.traffic.dropped.congested).toBe(510);
    expect(sender.traffic.dropped.congested).toBeGreaterThan(0);
  });

  it('asks the clock for one timer, however many messages arrive in the same millisecond', async () => {
    const { clock, network } = networkOf();
    const buses = Array.from({ length: 50 }, (_, peer) => network.join(`peer-${peer}`));
    const after = vi.spyOn(clock, 'after');
    for (const bus of buses) say(bus, 'digest', 'x');
    await clock.advance(1);
    expect(after).toHaveBeenCalledTimes(1);
    expect(buses.map(({ traffic }) => traffic.receivedMessages)).toEqual(buses.map(() => 49));
  });
});
