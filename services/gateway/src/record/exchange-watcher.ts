/**
 * What is remembered of an exchange: metrics, one log line, spans when sampled, and its place among the last
 * decisions. All but the spans is made from the finished report, so that watching costs a running exchange nothing.
 */
import type { AttemptReport, AttemptStart, ExchangeReport } from '@leeward/failover';
import type { Logger, Metrics, Tracing } from '@leeward/telemetry';
import type { ClientRequest } from '@leeward/wire';
import { type AccessLog, accessLog } from './access-log.ts';
import type { Decisions } from '../admin/decisions.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';
import { endSpan, startSpan, traceAttempt } from './exchange-spans.ts';
import type { ModelLabel } from './model-labels.ts';
import type { FinishedExchange, Visit } from '../visit.ts';

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

  begin(
    started: { visit: Visit; client: ClientRequest; route: string },
    traceparent: string | string[] | undefined,
  ): ExchangeWatch {
    const span = startSpan(this.#deps.tracing, traceparent, started);
    return {
      onAttempt: span === undefined ? undefined : (start) => traceAttempt(span, start),
      end: (report, status) => {
        const finished: FinishedExchange = { ...started, report, status, traceId: span?.traceId };
        this.#metrics.count(finished);
        this.#deps.decisions.add(finished);
        this.#accessLog?.(finished);
        if (span !== undefined) endSpan(span, finished);
      },
    };
  }
}
