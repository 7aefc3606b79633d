import { seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { decode } from './codec.ts';
import { contribution } from './fixtures/contributions.ts';
import { MemoryNetwork } from './bus/memory-bus.ts';
import { intervalMs, Pace } from './pace.ts';
import { Publisher } from './publisher.ts';
import type { Statement } from './shapes.ts';

/** Fifty targets in the middle of a busy minute: nothing stays as it was. */
function busy(clock: VirtualClock, rng: () => number, targets = 50): Statement {
  const keys = Array.from({ length: targets }, (_, key) => key);
  const some = (most: number) => rng() * most;
  const evidence = () => ({
    firstTokenMs: 200 + some(400),
    samples: some(60),
    ageMs: some(2000),
    inFlight: some(6),
    faultShare: some(0.1),
  });
  const use = () => ({
    requests: (clock.wallMs() % 60_000) / 1000 + some(3),
    tokens: some(60_000),
    wantedRequestsPerMinute: 50 + some(20),
    wantedTokensPerMinute: 50_000 + some(20_000),
  });
  const { peer: _peer, epoch: _epoch, seq: _seq, full: _full, ...nothing } = contribution();
  return {
    ...nothing,
    targets: Object.fromEntries(keys.map((key) => [`mistral/key-${key}/mistral-large-latest`, evidence()])),
    quotas: Object.fromEntries(keys.map((key) => [`mistral/workspace-${key}/mistral-large-latest`, use()])),
  };
}

/** What one publisher among so many others sends in a minute, and how old its entries get at a receiver. */
async function aMinuteOf(others: number, during: (publisher: Publisher, secondMs: number) => void = () => undefined) {
  const clock = new VirtualClock();
  const rng = seededRng(3);
  const network = new MemoryNetwork({ clock, rng });
  const bus = network.join('gateway-7c9f-5f00ba12');
  const deps = { clock, rng, bus, others: () => others, statement: () => busy(clock, rng) };
  const publisher = new Publisher(deps, { peer: bus.name, epoch: clock.wallMs() });
  const said = { messages: 0, fulls: 0, entries: 0 };
  network.join('ear').subscribe('digest', (bytes) => {
    const read = decode(bytes);
    if (read.kind === 'refused') return;
    said.messages++;
    if (read.value.full) said.fulls++;
    said.entries += Object.keys(read.value.targets).length + Object.keys(read.value.quotas).length;
  });
  publisher.start();
  for (let second = 0; second < 60; second++) {
    during(publisher, second * 1000);
    await clock.advance(1000);
  }
  const receivedPerSecond = (bus.traffic.sentBytes / 60) * others;
  return { ...said, receivedPerSecond };
}

const LIMIT_BYTES_PER_SECOND = 100 * 1024;

describe('the traffic that a peer receives from all others', () => {
  it.each([1, 2, 9, 29, 99])('stays below 100 KiB a second, with %i of them at full load', async (others) => {
    const { receivedPerSecond, messages, entries } = await aMinuteOf(others);
    expect(receivedPerSecond).toBeLessThan(LIMIT_BYTES_PER_SECOND);
    expect(messages).toBeGreaterThan(60_000 / intervalMs(others) / 1.2);
    // On the average each entry is new within eight seconds in the largest fleet, and all of the time in a small one.
    expect(entries / 60).toBeGreaterThan(100 / 8);
  });

  it('stays below it while joiners ask all the time', async () => {
    const { receivedPerSecond, fulls } = await aMinuteOf(99, (publisher) => publisher.answer({ peer: 'joiner' }));
    expect(receivedPerSecond).toBeLessThan(1.35 * LIMIT_BYTES_PER_SECOND);
    expect(fulls).toBeLessThan(20);
  });
});

describe('the pace', () => {
  it('is a quarter of a second for few peers, and slower for many', () => {
    expect([0, 1, 30, 99, 1023].map(intervalMs)).toEqual([250, 250, 250, 742.5, 3000]);
  });

  it('saves up a little, runs into debt, and makes it good', async () => {
    const clock = new VirtualClock();
    const pace = new Pace(clock, () => 10);
    await clock.advance(60_000);
    const saved = pace.affordableBytes;
    expect(saved).toBeCloseTo(84 * 102.4 * 2, 6);
    pace.spent(saved);
    expect(pace.debtMs).toBe(0);
    pace.spent(saved);
    expect(pace.debtMs).toBe(2000);
    // Even so a little may be said.
    expect(pace.affordableBytes).toBeGreaterThan(500);
    await clock.advance(4000);
    expect(pace.affordableBytes).toBeCloseTo(saved, 6);
  });

  it('leaves three quarters of the rate to what has changed', () => {
    const pace = new Pace(new VirtualClock(), () => 99);
    expect(pace.fullIntervalMs(100)).toBe(10_000);
    expect(pace.fullIntervalMs(4300)).toBeGreaterThan(19_000);
  });
});
