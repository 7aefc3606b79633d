import { type Clock, GatewayError, type Rng } from '@leeward/kernel';
import {
  type Attributes,
  type Context,
  context,
  type ContextManager,
  logs,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { ATTRIBUTE, type SpanAttributes } from './attributes.ts';
import { SpanQueue } from './span-queue.ts';
import { parseTraceparent, type Traceparent } from './traceparent.ts';
import type { EndedSpan, Tracing, TracingOptions } from './tracing.ts';

/**
 * Tracing with OpenTelemetry, loaded only when a collector is named.
 *
 * NodeSDK means to own the process: it registers its parts globally, follows async context with a hook on every
 * promise, detects resources and, unless told otherwise, sends logs to localhost. Here each of these is answered
 * explicitly and the global registrations are taken back at once, so that a second gateway in the process, or a
 * library that looks for a global tracer, finds nothing of ours.
 */

/** OpenTelemetry's code for a span that is kept; the package that names it is not among our dependencies. */
const RECORD_AND_SAMPLED = 2;

/** Where a collector's base URL takes traces. */
const TRACES_PATH = '/v1/traces';

/** A longer export than this means a collector that is stuck; the batch is dropped and counted. */
const EXPORT_TIMEOUT_MS = 5_000;

/** Names and numbers are short; whatever is longer was not meant to be an attribute. */
const ATTRIBUTE_LENGTH = 256;

/** Spans are given their parent by hand, so nothing needs to be followed through promises. */
const noContext: ContextManager = {
  active: () => ROOT_CONTEXT,
  with: (_context, run, self, ...parameters) => run.call(self, ...parameters),
  bind: (_context, target) => target,
  enable: () => noContext,
  disable: () => noContext,
};

export function startOtlpTracing(
  options: TracingOptions & { readonly endpoint: string },
  deps: { rng: Rng; clock: Clock },
): Tracing {
  const exporter = new OTLPTraceExporter({
    url: tracesUrl(options.endpoint),
    headers: { ...options.headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const queue = new SpanQueue({ exporter, clock: deps.clock, onDropped: options.onDropped });
  const { tracer, sdk } = startSdk(options, queue);

  return {
    isOn: true,
    samples: (traceparent) => {
      const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
      return parent === undefined ? deps.rng() < options.sampling : parent.sampled;
    },
    record: (traceparent, exchange, attempts) => {
      const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
      const spans = new SpanWriter(tracer, deps.clock);
      const server = spans.write(SpanKind.SERVER, exchange, parent === undefined ? ROOT_CONTEXT : contextOf(parent));
      const under = trace.setSpan(ROOT_CONTEXT, server);
      for (const attempt of attempts) spans.write(SpanKind.CLIENT, attempt, under);
      return server.spanContext().traceId;
    },
    shutdown: async (signal) => {
      await Promise.race([sdk.shutdown(), aborted(signal)]);
      queue.abandon();
    },
  };
}

function startSdk(options: TracingOptions, queue: SpanQueue): { tracer: Tracer; sdk: NodeSDK } {
  const sdk = new NodeSDK({
    serviceName: options.serviceName,
    // Not the default detectors: they put the host's name and the command line on every span.
    resourceDetectors: [
      {
        detect: () => ({
          attributes: { 'service.version': options.version, 'service.instance.id': options.instanceId },
        }),
      },
    ],
    spanProcessors: [queue],
    // The decision has fallen before a span is made.
    sampler: { shouldSample: () => ({ decision: RECORD_AND_SAMPLED }), toString: () => 'leeward' },
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH },
    contextManager: noContext,
    textMapPropagator: null,
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  const tracer = trace.getTracerProvider().getTracer('leeward', options.version);
  trace.disable();
  logs.disable();
  context.disable();
  propagation.disable();
  return { tracer, sdk };
}

class SpanWriter {
  readonly #tracer: Tracer;
  /** Wall time of the monotonic clock's zero, as it is now. */
  readonly #originMs: number;

  constructor(tracer: Tracer, clock: Clock) {
    this.#tracer = tracer;
    this.#originMs = clock.wallMs() - clock.nowMs();
  }

  write(kind: SpanKind, { attributes, startedAtMs, endedAtMs, error }: EndedSpan, under: Context): Span {
    const options = { kind, attributes: present(attributes), startTime: this.#originMs + startedAtMs };
    const span = this.#tracer.startSpan(spanName(kind, attributes), options, under);
    if (error !== undefined) {
      span.setAttribute(ATTRIBUTE.errorType, errorType(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(this.#originMs + endedAtMs);
    return span;
  }
}

function contextOf({ traceId, spanId }: Traceparent): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

/**
 * A SERVER span as the conventions of HTTP have it (`POST /v1/chat/completions`), an attempt as those of GenAI do (`chat
 * mistral-large-latest`).
 */
function spanName(kind: SpanKind, attributes: SpanAttributes): string {
  const words =
    kind === SpanKind.SERVER
      ? [attributes[ATTRIBUTE.method] ?? 'HTTP', attributes[ATTRIBUTE.httpRoute]]
      : [attributes[ATTRIBUTE.operation] ?? 'chat', attributes[ATTRIBUTE.requestModel]];
  return words.filter((word) => typeof word === 'string').join(' ');
}

function present(attributes: SpanAttributes): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) kept[name] = typeof value === 'object' ? [...value] : value;
  }
  return kept;
}

function errorType(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error instanceof GatewayError) return error.code;
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The specification lets an endpoint be a base URL; a full path is taken as it is. */
function tracesUrl(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, '');
  return base.endsWith(TRACES_PATH) ? base : base + TRACES_PATH;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
