import type { Clock, Rng } from '@leeward/kernel';
import type { Tracing, TracingOptions } from './tracing.ts';

const OFF: Tracing = {
  isOn: false,
  samples: () => false,
  record: () => '',
  shutdown: () => Promise.resolve(),
};

/** OpenTelemetry takes about a quarter of a second to load, so it is loaded only where a collector is named. */
export async function startTracing(options: TracingOptions, deps: { rng: Rng; clock: Clock }): Promise<Tracing> {
  const { endpoint } = options;
  if (endpoint === undefined) return OFF;
  const { startOtlpTracing } = await import('./otlp-tracing.ts');
  return startOtlpTracing({ ...options, endpoint }, deps);
}
