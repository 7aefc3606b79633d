import { seededRng, VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Demand } from './demand.ts';

/** Virtual time moves without waiting where there are no timers. */
async function ask(clock: VirtualClock, demand: Demand, perSecond: number, forMs: number, seed = 1): Promise<void> {
  const rng = seededRng(seed);
  for (let atMs = 0; atMs < forMs; atMs += 10) {
    if (rng() < perSecond / 100) demand.asked(1, 1);
    await clock.advance(10);
  }
}

it('is nothing at first', () => {
  expect(new Demand(new VirtualClock()).perMinute).toBe(0);
});

it('comes to the rate of what is asked for', async () => {
  const clock = new VirtualClock();
  const demand = new Demand(clock);
  await ask(clock, demand, 20, 20_000);
  expect(demand.perMinute).toBeGreaterThan(60 * 15);
  expect(demand.perMinute).toBeLessThan(60 * 27);
});

it('is not too low while it is young', async () => {
  const clock = new VirtualClock();
  const demand = new Demand(clock);
  await ask(clock, demand, 20, 1_000);
  expect(demand.perMinute).toBeGreaterThan(60 * 12);
});

it('sees a rush within a second', async () => {
  const clock = new VirtualClock();
  const demand = new Demand(clock);
  await clock.advance(60_000);
  await ask(clock, demand, 50, 1_000);
  expect(demand.perMinute).toBeGreaterThan(60 * 15);
});

it('takes a single large request of a quiet peer for no rush', async () => {
  const clock = new VirtualClock();
  const demand = new Demand(clock);
  await clock.advance(60_000);
  demand.asked(60_000, 60_000 ** 2);
  // Spread over the slow average alone, a fifth of it in each second.
  expect(demand.perMinute).toBeCloseTo(60 * 12_000, -2);
});

it('takes its first request for no more than one in a second', () => {
  const demand = new Demand(new VirtualClock());
  demand.asked(1, 1);
  expect(demand.perMinute).toBeLessThanOrEqual(70);
});

it('has given away three quarters of it when nothing was asked for in seven seconds', async () => {
  const clock = new VirtualClock();
  const demand = new Demand(clock);
  await ask(clock, demand, 50, 30_000);
  const before = demand.perMinute;
  await clock.advance(7_000);
  expect(demand.perMinute / before).toBeLessThan(0.27);
  await clock.advance(60_000);
  expect(demand.perMinute).toBeLessThan(0.1);
});

it('is the same when what came together is told together', () => {
  const amounts = fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(amounts, (amounts) => {
      const clock = new VirtualClock();
      const [single, gathered] = [new Demand(clock), new Demand(clock)];
      for (const amount of amounts) single.asked(amount, amount * amount);
      gathered.asked(
        amounts.reduce((sum, amount) => sum + amount, 0),
        amounts.reduce((sum, amount) => sum + amount * amount, 0),
      );
      expect(gathered.perMinute).toBeCloseTo(single.perMinute, 3);
    }),
  );
});

it('takes a hundred gathered requests for a rush, and one that is as large for none', async () => {
  const clock = new VirtualClock();
  const [many, one] = [new Demand(clock), new Demand(clock)];
  await clock.advance(60_000);
  many.asked(100, 100);
  one.asked(100, 100 * 100);
  expect(many.perMinute).toBeGreaterThan(3 * one.perMinute);
});

it('is never below nothing, and never above what came within a second', async () => {
  const arrivals = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.double({ min: 0, max: 1_000, noNaN: true })),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(arrivals, async (arrivals) => {
      const clock = new VirtualClock();
      const demand = new Demand(clock);
      let sum = 0;
      for (const [afterMs, amount] of arrivals) {
        await clock.advance(afterMs);
        demand.asked(amount, amount * amount);
        sum += amount;
        expect(demand.perMinute).toBeGreaterThanOrEqual(0);
        expect(demand.perMinute).toBeLessThanOrEqual(60 * sum * 1.2);
      }
    }),
    { numRuns: 50 },
  );
});
