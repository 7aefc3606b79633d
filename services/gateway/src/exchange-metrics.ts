/** A finished exchange as numbers. */
import type { AttemptReport, ExchangeReport } from '@leeward/failover';
import type { Metrics } from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import { costUsd } from '@leeward/wire';
import type { ModelLabel } from './model-labels.ts';
import type { FinishedExchange, Visit } from './visit.ts';

export class ExchangeMetrics {
  readonly #metrics: Metrics;
  readonly #modelLabel: ModelLabel;

  constructor(metrics: Metrics, modelLabel: ModelLabel) {
    this.#metrics = metrics;
    this.#modelLabel = modelLabel;
  }

  count({ visit, client, route, report, status, traceId }: FinishedExchange): void {
    const metrics = this.#metrics;
    metrics.requestsTotal.child(route, client.surface, client.dialect, String(status)).inc();
    metrics.requestDurationSeconds
      .child(route, client.surface)
      .observe((report.endedAtMs - visit.startedAtMs) / 1000, traceId);
    if (report.firstTokenAtMs !== undefined) {
      const firstMs = report.firstTokenAtMs - visit.startedAtMs;
      metrics.timeToFirstTokenSeconds.child(route).observe(firstMs / 1000, traceId);
      metrics.overheadSeconds.child(client.surface).observe(overheadMs(visit, report, report.firstTokenAtMs) / 1000);
    }
    if (report.maxGapMs > 0) metrics.chunkGapSeconds.child(route).observe(report.maxGapMs / 1000);
    if (report.end.kind === 'cancelled') metrics.clientDisconnectsTotal.child(client.surface).inc();
    if (report.end.kind === 'refused' || report.end.kind === 'broken') {
      metrics.rejectedRequestsTotal.child(report.end.error.code).inc();
    }
    this.#countAttempts(route, report);
    this.#countUsage(report);
  }

  #countAttempts(route: string, report: ExchangeReport): void {
    const metrics = this.#metrics;
    let before: AttemptReport | undefined;
    for (const attempt of report.attempts) {
      const { target } = attempt.member;
      const model = this.#modelLabel(target.model);
      const reason = outcomeReason(attempt.outcome);
      metrics.attemptsTotal.child(target.provider.name, target.key.name, model, attempt.outcome.kind, reason).inc();
      if (attempt.firstTokenAtMs !== undefined) {
        metrics.attemptFirstTokenSeconds
          .child(target.provider.name, model)
          .observe((attempt.firstTokenAtMs - attempt.startedAtMs) / 1000);
      }
      if (before !== undefined) {
        const why = outcomeReason(before.outcome) || before.outcome.kind;
        metrics.retriesTotal.child(why).inc();
        if (attempt.poolIndex > before.poolIndex) metrics.failoversTotal.child(route, why).inc();
        if (attempt.cause === 'resume') {
          metrics.streamRecoveriesTotal.child(route, attempt.firstTokenAtMs === undefined ? 'failed' : 'ok').inc();
        }
      }
      before = attempt;
    }
  }

  #countUsage(report: ExchangeReport): void {
    const { usage } = report;
    const last = report.attempts.at(-1);
    if (usage === undefined || last === undefined) return;
    const metrics = this.#metrics;
    const model = this.#modelLabel(last.member.target.model);
    metrics.tokensTotal.child(model, 'prompt').inc(usage.promptTokens);
    metrics.tokensTotal.child(model, 'completion').inc(usage.completionTokens);
    if (usage.cachedTokens > 0) metrics.tokensTotal.child(model, 'cached').inc(usage.cachedTokens);
    if (usage.reasoningTokens > 0) metrics.tokensTotal.child(model, 'reasoning').inc(usage.reasoningTokens);
    const cost = costUsd(last.member.target.model, usage);
    if (cost !== undefined) metrics.costUsdTotal.child(model).inc(cost);
  }
}

/** Our own part of the time to the first token: all of it, less what attempts took and what was waited by choice. */
function overheadMs(visit: Visit, report: ExchangeReport, firstTokenAtMs: number): number {
  let upstreamMs = report.waitedMs;
  for (const attempt of report.attempts) {
    if (attempt.startedAtMs >= firstTokenAtMs) break;
    upstreamMs += Math.min(attempt.endedAtMs, firstTokenAtMs) - attempt.startedAtMs;
  }
  return Math.max(0, firstTokenAtMs - visit.startedAtMs - upstreamMs);
}
