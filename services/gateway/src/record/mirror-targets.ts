/** The targets' state as gauges, read at each scrape. */
import type { Metrics } from '@leeward/telemetry';
import type { BreakerState, Target } from '@leeward/upstream';
import { type ModelLabel, OTHER_MODEL } from './model-labels.ts';

const BREAKER_VALUE: Record<BreakerState, number> = { closed: 0, 'half-open': 1, open: 2 };

export function mirrorTargets(metrics: Metrics, targets: readonly Target[], modelLabel: ModelLabel): void {
  for (const target of targets) {
    // Several targets under one `other` would overwrite each other.
    if (modelLabel(target.model) === OTHER_MODEL) continue;
    const view = target.view();
    const labels = [view.provider, view.key, view.model] as const;
    metrics.targetState.child(view.provider, view.key, view.quotaGroup, view.model, view.state).set(1);
    metrics.breakerState.child(...labels).set(BREAKER_VALUE[view.breaker.state]);
    metrics.targetLoad.child(...labels).set(target.load);
    metrics.targetInFlight.child(...labels).set(view.inFlight);
    // What is not known is not shown: a 0 would read as very fast.
    const { firstTokenMs, tokenMs, slowStartWindow } = view;
    if (firstTokenMs !== undefined) metrics.targetFirstTokenSeconds.child(...labels).set(firstTokenMs / 1000);
    if (tokenMs !== undefined) metrics.targetTokenSeconds.child(...labels).set(tokenMs / 1000);
    if (slowStartWindow !== undefined) metrics.targetSlowStartWindow.child(...labels).set(slowStartWindow);
    const quota = [view.provider, view.quotaGroup, view.model] as const;
    metrics.quotaHeadroom.child(...quota).set(target.headroom);
    setQuota(metrics, quota, 'requests-per-minute', view.quota.requestsPerMinute, view.quota.requestsRemaining);
    setQuota(metrics, quota, 'tokens-per-minute', view.quota.tokensPerMinute, view.quota.tokensRemaining);
  }
}

function setQuota(
  metrics: Metrics,
  quota: readonly [string, string, string],
  unit: string,
  limit: number | undefined,
  remaining: number | undefined,
): void {
  if (limit !== undefined) metrics.quotaLimit.child(...quota, unit).set(limit);
  if (remaining !== undefined) metrics.quotaRemaining.child(...quota, unit).set(remaining);
}
