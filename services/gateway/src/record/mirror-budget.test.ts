import { RetryBudget } from '@leeward/failover';
import { createMetrics } from '@leeward/telemetry';
import { VirtualClock } from '@leeward/testkit';
import { expect, test } from 'vitest';
import { sumOf } from '../fixtures/open-gateway.ts';
import { budgetMirror } from './mirror-budget.ts';

test('each scrape shows what the retry budget has left, and counts each denial once', async () => {
  const metrics = createMetrics({ seriesLimit: 10, version: '0' });
  const budget = new RetryBudget(new VirtualClock(), { share: 0.2, perSecond: 2, maxBalance: 10 });
  metrics.onCollect(budgetMirror(metrics, budget));
  const scraped = async () => {
    const { body } = await metrics.text(undefined);
    return ['leeward_retry_budget_balance', 'leeward_retries_denied_total'].map((name) => sumOf(body, name, []));
  };
  expect(await scraped()).toEqual([2, 0]);
  for (let retry = 0; retry < 5; retry++) budget.withdraw();
  expect(await scraped()).toEqual([0, 3]);
  expect(await scraped()).toEqual([0, 3]);
});
