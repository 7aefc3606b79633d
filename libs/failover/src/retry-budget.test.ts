import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

const options = { share: 0.2, perSecond: 1, maxBalance: 10 };

describe('RetryBudget', () => {
  it('lets one exchange in five be repeated', () => {
    const budget = new RetryBudget(new VirtualClock(), { ...options, perSecond: 0 });
    let repeated = 0;
    for (let exchange = 0; exchange < 1000; exchange++) {
      budget.deposit();
      if (budget.withdraw()) repeated++;
    }
    expect(repeated).toBeGreaterThan(190);
    expect(repeated).toBeLessThanOrEqual(200);
  });

  it('earns a floor per second, so that a quiet node may retry', async () => {
    const clock = new VirtualClock();
    const budget = new RetryBudget(clock, options);
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
    expect(budget.denied).toBe(1);
    await clock.advance(999);
    expect(budget.withdraw()).toBe(false);
    await clock.advance(1);
    expect(budget.withdraw()).toBe(true);
    expect(budget.denied).toBe(2);
  });

  it('never grows beyond its bound, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constant('deposit'), fc.constant('withdraw'), fc.nat({ max: 100_000 }))),
        async (acts) => {
          const clock = new VirtualClock();
          const budget = new RetryBudget(clock, options);
          for (const act of acts) {
            if (typeof act === 'number') await clock.advance(act);
            else if (act === 'deposit') budget.deposit();
            else budget.withdraw();
            expect(budget.balance).toBeGreaterThanOrEqual(0);
            expect(budget.balance).toBeLessThanOrEqual(options.maxBalance);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('a share of a fleet’s budget', () => {
  it('is all that is earned, exchanges of its own included', async () => {
    const clock = new VirtualClock();
    const budget = new RetryBudget(clock);
    while (budget.withdraw());
    budget.share(4);
    for (let exchange = 0; exchange < 100; exchange++) budget.deposit();
    expect(budget.balance).toBe(0);
    await clock.advance(500);
    expect([budget.withdraw(), budget.withdraw(), budget.withdraw()]).toEqual([true, true, false]);
  });

  it('counts from when it was given, not from before', async () => {
    const clock = new VirtualClock();
    const budget = new RetryBudget(clock, options);
    budget.withdraw();
    await clock.advance(2000);
    budget.share(0.5);
    expect(budget.balance).toBe(2);
    await clock.advance(2000);
    expect(budget.balance).toBe(3);
  });

  it('saves up as many seconds’ worth as the whole would, so that many small ones are no flood', async () => {
    const clock = new VirtualClock();
    const [small, whole, large] = [new RetryBudget(clock), new RetryBudget(clock), new RetryBudget(clock)];
    small.share(0.5);
    whole.share(10);
    large.share(1000);
    await clock.advance(3_600_000);
    expect([small.balance, whole.balance, large.balance]).toEqual([10, 200, 200]);
  });

  it('however small allows a retry now and then', async () => {
    const clock = new VirtualClock();
    const budget = new RetryBudget(clock);
    while (budget.withdraw());
    budget.share(0.01);
    await clock.advance(100_000);
    expect([budget.withdraw(), budget.withdraw()]).toEqual([true, false]);
  });

  it('is told what was earned and spent since the last time', () => {
    const budget = new RetryBudget(new VirtualClock());
    for (let exchange = 0; exchange < 5; exchange++) budget.deposit();
    budget.withdraw();
    const { earned, spent } = budget.take();
    expect([earned, spent]).toEqual([expect.closeTo(1), 1]);
    expect(budget.take()).toEqual({ earned: 0, spent: 0 });
  });
});
