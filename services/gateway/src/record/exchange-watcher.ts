/**
 * What is remembered of an exchange: metrics, one log line, spans, its place among the last decisions, and at the debug
 * level a line that explains it. All is made from the finished report, so that watching costs a running exchange nothing.
 */
import type { ExchangeReport } from '@leeward/failover';
import type { Clock } from '@leeward/kernel';
import type { Logger, Metrics, Tracing } from '@leeward/telemetry';
import { type AccessLog, accessLog } from './access-log.ts';
import type { Decisions } from './decisions.ts';
import { explain, explained } from './explain.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';
import { writeSpans } from './exchange-spans.ts';
import type { ModelLabel } from './model-labels.ts';
import { TraceChoice } from './trace-choice.ts';
import type { Traffic } from './traffic.ts';
import type { BegunExchange, FinishedExchange } from '../visit.ts';

interface RecordDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly logger: Logger;
  readonly decisions: Decisions;
  readonly traffic: Traffic;
  readonly accessLog: boolean;
  /** From here on an exchange is slow. */
  readonly traceSlowMs: number;
  readonly modelLabel: ModelLabel;
}

export interface ExchangeWatch {
  /** `status`: what the client saw; 499 when it left before that. */
  end(report: ExchangeReport, status: number): void;
}

export class ExchangeWatcher {
  readonly #deps: RecordDeps;
  readonly #metrics: ExchangeMetrics;
  readonly #accessLog: AccessLog | undefined;
  readonly #choice: TraceChoice;

  constructor(deps: RecordDeps) {
    this.#deps = deps;
    this.#metrics = new ExchangeMetrics(deps.metrics, deps.modelLabel);
    this.#accessLog = deps.accessLog ? accessLog(deps.logger) : undefined;
    this.#choice = new TraceChoice(deps.clock, deps.traceSlowMs);
  }

  begin(begun: BegunExchange, traceparent: string | string[] | undefined): ExchangeWatch {
    return {
      end: (report, status) => {
        const parent = typeof traceparent === 'string' ? traceparent : undefined;
        const { isOn } = this.#deps.tracing;
        const traceId = isOn ? this.#trace(parent, { ...begun, report, status }) : undefined;
        const finished: FinishedExchange = { ...begun, report, status, traceId };
        const { decisions, traffic, logger } = this.#deps;
        const kept = explained(finished);
        this.#metrics.count(finished);
        traffic.count(finished);
        decisions.add(kept);
        this.#accessLog?.(finished);
        if (logger.writes('debug')) logger.debug({ trace_id: traceId, ...explain(kept) }, 'exchange-decided');
      },
    };
  }

  /** Its trace's id, if it has one. */
  #trace(traceparent: string | undefined, finished: Omit<FinishedExchange, 'traceId'>): string | undefined {
    const { tracing } = this.#deps;
    const why = this.#choice.reason(finished, tracing.samples(traceparent));
    return why === undefined ? undefined : writeSpans(tracing, traceparent, finished, why);
  }
}
