export { ATTRIBUTE, type AttributeName, type SpanAttributes } from './attributes.ts';
export { catalogue, type MetricEntry, type MetricKey } from './catalogue.ts';
export { type Family, negotiate, writeExposition } from './exposition.ts';
export type { LabelName } from './labels.ts';
export { createLogger, type Logger, type LoggerOptions, type LogFields } from './logger.ts';
export {
  type CounterChild,
  createMetrics,
  type GaugeChild,
  type HistogramChild,
  type Metrics,
  type MetricsOptions,
} from './metrics.ts';
export { countedIn, mergeFamilies } from './merge-families.ts';
export { type LogLevel, type TelemetryOptions, telemetryOptions } from './options.ts';
export { startTracing } from './start-tracing.ts';
export type { EndedSpan, Tracing, TracingOptions } from './tracing.ts';
