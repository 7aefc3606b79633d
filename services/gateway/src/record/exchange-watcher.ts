/**
 * What is remembered of an exchange: metrics, one log line, spans when sampled, its place among the last decisions, and
 * at the debug level a line that explains it. All but the spans is made from the finished report, so that watching costs
 * a running exchange nothing.
 */
import type { AttemptReport, AttemptStart, ExchangeReport } from '@leeward/failover';
import type { Logger, Metrics, Tracing } from '@leeward/telemetry';
import { type AccessLog, accessLog } from './access-log.ts';
import type { Decisions } from '../admin/decisions.ts';
import { explain, explained } from '../admin/explain.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';
import { endSpan, startSpan, traceAttempt } from './exchange-spans.ts';
import type { ModelLabel } from './model-labels.ts';
import type { BegunExchange, FinishedExchange } from '../visit.ts';

interface RecordDeps {
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
  readonly #metrics: ExchangeMetrics;
  readonly #accessLog: AccessLog | undefined;

  constructor(deps: RecordDeps) {
    this.#deps = deps;
    this.#metrics = new ExchangeMetrics(deps.metrics, deps.modelLabel);
    this.#accessLog = deps.accessLog ? accessLog(deps.logger) : undefined;
  }

  begin(begun: BegunExchange, traceparent: string | string[] | undefined): ExchangeWatch {
    const span = startSpan(this.#deps.tracing, traceparent, begun);
    return {
      onAttempt: span === undefined ? undefined : (start) => traceAttempt(span, start),
      end: (report, status) => {
        const finished: FinishedExchange = { ...begun, report, status, traceId: span?.traceId };
        const { decisions, logger } = this.#deps;
        const kept = explained(finished);
        this.#metrics.count(finished);
        decisions.add(kept);
        this.#accessLog?.(finished);
        if (logger.writes('debug')) logger.debug({ traceId: span?.traceId, ...explain(kept) }, 'exchange-decided');
        if (span !== undefined) endSpan(span, finished);
      },
    };
  }
}
