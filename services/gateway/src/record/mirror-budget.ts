/** The retry budget, read at each scrape. It counts for itself; here its count becomes a metric by what it has grown. */
import type { RetryBudget } from '@leeward/failover';
import type { Metrics } from '@leeward/telemetry';

/** Answers what is to be called at each scrape. */
export function budgetMirror(metrics: Metrics, budget: RetryBudget): () => void {
  let counted = 0;
  return () => {
    metrics.retryBudgetBalance.child().set(budget.balance);
    const { denied } = budget;
    metrics.retriesDeniedTotal.child().inc(denied - counted);
    counted = denied;
  };
}
