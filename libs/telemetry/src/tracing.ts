import type { SpanAttributes } from './attributes.ts';

/**
 * Traces: a SERVER span per sampled exchange, a CLIENT span per attempt under it, made by hand. There is no automatic
 * instrumentation, which costs every request, sampled or not, more than all of Leeward's own work.
 *
 * Whether an exchange is sampled is decided before anything is made: the caller's own decision (traceparent) is
 * obeyed, else one draw against the configured share. What is not sampled costs that draw and nothing else.
 */
export interface TracingOptions {
  /** The collector's base URL, such as http://collector:4318; undefined turns tracing off. */
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The share of exchanges traced when no caller has decided: 0 to 1. */
  readonly sampling: number;
  readonly serviceName: string;
  readonly instanceId: string;
  readonly version: string;
  /** Told how many spans were lost. */
  readonly onDropped: (count: number) => void;
}

export interface AttemptSpan {
  /** A moment inside the span, named noun, then past verb. */
  event(name: string, attributes?: SpanAttributes): void;
  /**
   * `error` marks the span as failed and becomes `error.type` by its code or name. Its message is not kept: it may
   * quote an upstream, and an upstream may quote a prompt.
   */
  end(attributes: SpanAttributes, error?: unknown): void;
}

export interface ExchangeSpan extends AttemptSpan {
  readonly traceId: string;
  /** A CLIENT span under this one. */
  attempt(attributes: SpanAttributes): AttemptSpan;
}

export interface Tracing {
  /** Undefined when this exchange is not sampled. */
  exchange(traceparent: string | undefined, attributes: SpanAttributes): ExchangeSpan | undefined;
  /** Sends what is left, for as long as the signal allows; what is unsent then is counted as dropped. Never rejects. */
  shutdown(signal: AbortSignal): Promise<void>;
}
