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
    await clock.advance(999);
    expect(budget.withdraw()).toBe(false);
    await clock.advance(1);
    expect(budget.withdraw()).toBe(true);
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
