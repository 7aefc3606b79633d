import type { SpanAttributes } from './attributes.ts';

/**
 * Traces: a SERVER span per exchange that is kept, a CLIENT span per attempt under it, made by hand and afterwards, from
 * the finished report. So whether an exchange is kept can depend on how it went, and one that is not costs a draw. There
 * is no automatic instrumentation, which costs every request, sampled or not, more than all of Leeward's own work.
 */
export interface TracingOptions {
  /** The collector's base URL, such as http://collector:4318; undefined turns tracing off. */
  readonly endpoint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The share of exchanges kept when no caller has decided and nothing about them is notable: 0 to 1. */
  readonly sampling: number;
  readonly serviceName: string;
  readonly instanceId: string;
  readonly version: string;
  /** Told how many spans were lost. */
  readonly onDropped: (count: number) => void;
}

/** Times are on the monotonic clock. */
export interface EndedSpan {
  readonly attributes: SpanAttributes;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /**
   * Marks the span as failed and becomes `error.type` by its code or name. Its message is not kept: it may quote an
   * upstream, and an upstream may quote a prompt.
   */
  readonly error?: unknown;
}

export interface Tracing {
  /** Whether somebody collects. */
  readonly isOn: boolean;
  /** The caller's own decision (traceparent), else one draw against the configured share. */
  samples(traceparent: string | undefined): boolean;
  /** Answers the trace's id: the caller's, where there is one. */
  record(traceparent: string | undefined, exchange: EndedSpan, attempts: readonly EndedSpan[]): string;
  /** Sends what is left, for as long as the signal allows; what is unsent then is counted as dropped. Never rejects. */
  shutdown(signal: AbortSignal): Promise<void>;
}
