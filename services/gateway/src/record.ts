/**
 * What is remembered of an exchange: metrics, one log line, spans when sampled, and its place among the last
 * decisions. All of it is made from the finished report, so that watching costs the exchange nothing while it runs.
 */
import type { AttemptReport, AttemptStart, ExchangeReport } from '@leeward/failover';
import type { Clock } from '@leeward/kernel';
import {
  ATTRIBUTE,
  type AttemptSpan,
  type ExchangeSpan,
  type Logger,
  type Metrics,
  type Tracing,
} from '@leeward/telemetry';
import { outcomeReason } from '@leeward/upstream';
import { type ClientRequest, costUsd } from '@leeward/wire';
import type { Decisions } from './admin/decisions.ts';
import type { Visit } from './http/inference.ts';
import type { ModelLabel } from './model-labels.ts';
import type { Route } from './routes.ts';

interface RecordDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
  readonly decisions: Decisions;
  readonly accessLog: boolean;
  readonly modelLabel: ModelLabel;
}

export interface ExchangeWatch {
  readonly onAttempt: ((start: AttemptStart) => (report: AttemptReport) => void) | undefined;
  /** `status`: what the client saw; 499 when it left before that. */
  end(report: ExchangeReport, status: number): void;
}

export class ExchangeWatcher {
  readonly #deps: RecordDeps;

  constructor(deps: RecordDeps) {
    this.#deps = deps;
  }

  begin(visit: Visit, client: ClientRequest, route: Route, traceparent: string | string[] | undefined): ExchangeWatch {
    const span = this.#deps.tracing.exchange(typeof traceparent === 'string' ? traceparent : undefined, {
      [ATTRIBUTE.operation]: client.surface,
      [ATTRIBUTE.requestModel]: client.model,
      [ATTRIBUTE.route]: route.name,
      [ATTRIBUTE.surface]: client.surface,
      [ATTRIBUTE.dialect]: client.dialect,
      [ATTRIBUTE.stream]: client.stream,
      [ATTRIBUTE.clientKey]: visit.clientName,
      [ATTRIBUTE.requestId]: visit.requestId,
    });
    return {
      onAttempt: span === undefined ? undefined : (start) => traceAttempt(span, start),
      end: (report, status) => {
        this.#count(client, route, visit, report, status, span?.traceId);
        this.#deps.decisions.add({ visit, client, route: route.name, report, status });
        this.#log(client, route, visit, report, status, span?.traceId);
        if (span !== undefined) endSpan(span, report, status);
      },
    };
  }

  #count(
    client: ClientRequest,
    route: Route,
    visit: Visit,
    report: ExchangeReport,
    status: number,
    traceId: string | undefined,
  ): void {
    const { metrics } = this.#deps;
    const { name } = route;
    metrics.requestsTotal.child(name, client.surface, client.dialect, String(status)).inc();
    metrics.requestDurationSeconds
      .child(name, client.surface)
      .observe((report.endedAtMs - visit.startedAtMs) / 1000, traceId);
    if (report.firstTokenAtMs !== undefined) {
      const firstMs = report.firstTokenAtMs - visit.startedAtMs;
      metrics.timeToFirstTokenSeconds.child(name).observe(firstMs / 1000, traceId);
      metrics.overheadSeconds.child(client.surface).observe(overheadMs(visit, report, report.firstTokenAtMs) / 1000);
    }
    if (report.maxGapMs > 0) metrics.chunkGapSeconds.child(name).observe(report.maxGapMs / 1000);
    if (report.end.kind === 'cancelled') metrics.clientDisconnectsTotal.child(client.surface).inc();
    if (report.end.kind === 'refused' || report.end.kind === 'broken') {
      metrics.rejectedRequestsTotal.child(report.end.error.code).inc();
    }
    this.#countAttempts(route, report);
    this.#countUsage(report);
  }

  #countAttempts(route: Route, report: ExchangeReport): void {
    const { metrics, modelLabel } = this.#deps;
    let before: AttemptReport | undefined;
    for (const attempt of report.attempts) {
      const { target } = attempt.member;
      const model = modelLabel(target.model);
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
        if (attempt.poolIndex > before.poolIndex) metrics.failoversTotal.child(route.name, why).inc();
        if (attempt.cause === 'resume') {
          metrics.streamRecoveriesTotal.child(route.name, attempt.firstTokenAtMs === undefined ? 'failed' : 'ok').inc();
        }
      }
      before = attempt;
    }
  }

  #countUsage(report: ExchangeReport): void {
    const { usage } = report;
    const last = report.attempts.at(-1);
    if (usage === undefined || last === undefined) return;
    const { metrics } = this.#deps;
    const model = this.#deps.modelLabel(last.member.target.model);
    metrics.tokensTotal.child(model, 'prompt').inc(usage.promptTokens);
    metrics.tokensTotal.child(model, 'completion').inc(usage.completionTokens);
    if (usage.cachedTokens > 0) metrics.tokensTotal.child(model, 'cached').inc(usage.cachedTokens);
    if (usage.reasoningTokens > 0) metrics.tokensTotal.child(model, 'reasoning').inc(usage.reasoningTokens);
    const cost = costUsd(last.member.target.model, usage);
    if (cost !== undefined) metrics.costUsdTotal.child(model).inc(cost);
  }

  #log(
    client: ClientRequest,
    route: Route,
    visit: Visit,
    report: ExchangeReport,
    status: number,
    traceId: string | undefined,
  ): void {
    const { logger, accessLog } = this.#deps;
    if (!accessLog) return;
    const served = report.attempts.at(-1);
    logger.info(
      {
        requestId: visit.requestId,
        traceId,
        client: visit.clientName,
        surface: client.surface,
        dialect: client.dialect,
        stream: client.stream,
        route: route.name,
        model: client.model,
        status,
        end: report.end.kind,
        code: 'error' in report.end ? report.end.error.code : undefined,
        target: served?.member.id,
        pool: served?.poolIndex,
        attempts: report.attempts.length,
        outcomes: report.attempts.length > 1 ? report.attempts.map(describeOutcome) : undefined,
        durationMs: rounded(report.endedAtMs - visit.startedAtMs),
        firstTokenMs:
          report.firstTokenAtMs === undefined ? undefined : rounded(report.firstTokenAtMs - visit.startedAtMs),
        promptTokens: report.usage?.promptTokens,
        completionTokens: report.usage?.completionTokens,
      },
      'exchange-finished',
    );
  }
}

function describeOutcome({ member, outcome }: AttemptReport): string {
  const reason = outcomeReason(outcome);
  return `${member.id} ${outcome.kind}${reason === '' ? '' : ` ${reason}`}`;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
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

function traceAttempt(span: ExchangeSpan, start: AttemptStart): (report: AttemptReport) => void {
  const { target } = start.member;
  const attempt: AttemptSpan = span.attempt({
    [ATTRIBUTE.provider]: target.provider.dialect === 'mistral' ? 'mistral_ai' : 'openai',
    [ATTRIBUTE.requestModel]: target.model,
    [ATTRIBUTE.attemptNumber]: start.number,
    [ATTRIBUTE.poolIndex]: start.poolIndex,
    [ATTRIBUTE.targetProvider]: target.provider.name,
    [ATTRIBUTE.targetKey]: target.key.name,
    [ATTRIBUTE.targetModel]: target.model,
    [ATTRIBUTE.quotaGroup]: target.key.quotaGroup,
    [ATTRIBUTE.pickReason]: start.cause,
    [ATTRIBUTE.pickCandidates]: start.candidates.map(({ id, state, load }) => `${id} ${state} ${load}`),
  });
  return (report) => {
    const { outcome } = report;
    const reason = outcomeReason(outcome);
    attempt.end(
      {
        [ATTRIBUTE.outcome]: outcome.kind,
        [ATTRIBUTE.outcomeReason]: reason === '' ? undefined : reason,
        [ATTRIBUTE.status]: report.status,
        [ATTRIBUTE.firstTokenMs]:
          report.firstTokenAtMs === undefined ? undefined : rounded(report.firstTokenAtMs - report.startedAtMs),
      },
      outcome.kind === 'ok' ? undefined : { code: reason === '' ? outcome.kind : reason },
    );
  };
}

function endSpan(span: ExchangeSpan, report: ExchangeReport, status: number): void {
  const { end, usage } = report;
  span.end(
    {
      [ATTRIBUTE.status]: status,
      [ATTRIBUTE.attempts]: report.attempts.length,
      [ATTRIBUTE.inputTokens]: usage?.promptTokens,
      [ATTRIBUTE.outputTokens]: usage?.completionTokens,
      [ATTRIBUTE.responseModel]: report.attempts.at(-1)?.member.target.model,
    },
    'error' in end ? end.error : undefined,
  );
}
