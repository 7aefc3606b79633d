import { collectDefaultMetrics, Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { type Catalogue, catalogue, type MetricEntry, type MetricKey, PREFIX } from './catalogue.ts';
import { type Family, negotiate, writeExposition } from './exposition.ts';

/**
 * The instruments of the catalogue, in a registry of their own: two gateways in one process (a test) share nothing.
 *
 * A label set is resolved to a child once and kept, so that an observation is one lookup by string plus prom-client's
 * own work. The children of a metric are bounded: beyond `seriesLimit` a new label set is counted under `other`, and
 * `leeward_metric_series_overflow_total` says so, instead of memory and the scrape growing with it.
 *
 * Mirrors (breaker state, load, quota) are not kept up to date as things happen: they are emptied and read from the
 * state at each scrape, so that a target which a reload took away is gone from the next scrape too.
 *
 * The registry is declared as OpenMetrics because prom-client refuses exemplars in any other; what a scraper gets is
 * decided by exposition.ts, per scrape.
 */
export interface MetricsOptions {
  /** How many label sets a metric may have; beyond it they are counted together, as `other`. */
  readonly seriesLimit: number;
  readonly version: string;
}

export interface CounterChild {
  /** By 1 unless said otherwise. */
  inc(by?: number): void;
}

export interface GaugeChild {
  set(value: number): void;
}

export interface HistogramChild {
  /** The trace id of a sampled exchange becomes an exemplar, where the catalogue allows one. */
  observe(seconds: number, traceId?: string): void;
}

/** One value for each label name of the catalogue's entry, in its order: the compiler counts them. */
type LabelValues<Names extends readonly string[]> = { readonly [Index in keyof Names]: string };

export interface Instrument<Child, Names extends readonly string[]> {
  /** Cached: the same values give the same child. Hold on to a counter's or histogram's where the values are known. */
  child(...values: LabelValues<Names>): Child;
}

type ChildOf<Type> = Type extends 'counter' ? CounterChild : Type extends 'histogram' ? HistogramChild : GaugeChild;

type Instruments = {
  readonly [Key in MetricKey]: Instrument<ChildOf<Catalogue[Key]['type']>, Catalogue[Key]['labels']>;
};

export interface Metrics extends Instruments {
  /** Runs before every scrape, to set the mirrors; what it does not set then is not shown. */
  onCollect(collect: () => void): void;
  /** The page for a scraper that sent this Accept header: OpenMetrics when it prefers that, else Prometheus text. */
  text(accept: string | undefined): Promise<{ contentType: string; body: string }>;
  /** The same as plain data, for a page over several processes. */
  families(): Promise<readonly Family[]>;
}

/** What a label holds beyond the bound of series. */
const OTHER = 'other';

/** Observations that a histogram's child gathers before prom-client counts them: half a page of numbers. */
const GATHERED = 256;

type Entry<Names extends readonly string[]> = Omit<MetricEntry, 'labels'> & { readonly labels: Names };

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry];
  // The event loop's lag, garbage collection, memory and CPU. They are few, unlabelled by anything a client sends.
  collectDefaultMetrics({ register: registry, prefix: PREFIX });

  const collects: (() => void)[] = [];
  const resets: (() => void)[] = [];
  const flushes: (() => void)[] = [];

  const overflow = catalogue.metricSeriesOverflowTotal;
  const overflows = new Counter({ name: overflow.name, help: overflow.help, labelNames: overflow.labels, registers });

  function children<Child, Names extends readonly string[]>(
    entry: Entry<Names>,
    make: (values: readonly string[]) => Child,
  ): Instrument<Child, Names> & { clear(): void } {
    const known = new Map<string, Child>();
    let other: Child | undefined;
    return {
      child: (...values) => {
        const key = values.length === 1 ? `${values[0]}` : values.join('\n');
        const found = known.get(key);
        if (found !== undefined) return found;
        if (known.size >= options.seriesLimit) {
          overflows.inc({ metric: entry.name });
          other ??= make(entry.labels.map(() => OTHER));
          return other;
        }
        const made = make(values);
        known.set(key, made);
        return made;
      },
      clear: () => known.clear(),
    };
  }

  /**
   * Observations are gathered and given to prom-client in bulk, where its code is hot: one at a time, between all else
   * that a request does, each costs about five times as much.
   */
  function gatheredCounter(counts: CounterChild): CounterChild {
    let gathered = 0;
    flushes.push(() => {
      if (gathered > 0) counts.inc(gathered);
      gathered = 0;
    });
    return {
      inc: (by = 1) => {
        gathered += by;
      },
    };
  }

  function gatheredHistogram(times: { observe(seconds: number): void }): HistogramChild {
    const gathered: number[] = [];
    const flush = () => {
      for (const seconds of gathered) times.observe(seconds);
      gathered.length = 0;
    };
    flushes.push(flush);
    return {
      observe: (seconds) => {
        gathered.push(seconds);
        if (gathered.length >= GATHERED) flush();
      },
    };
  }

  function counter<const Names extends readonly string[]>(entry: Entry<Names>): Instrument<CounterChild, Names> {
    const counts = new Counter({ name: entry.name, help: entry.help, labelNames: [...entry.labels], registers });
    return children(entry, (values) => gatheredCounter(counts.labels(...values)));
  }

  function gauge<const Names extends readonly string[]>(entry: Entry<Names>): Instrument<GaugeChild, Names> {
    const { name, help, over: aggregator = 'sum' } = entry;
    const levels = new Gauge({ name, help, labelNames: [...entry.labels], registers, aggregator });
    const instrument = children(entry, (values) => levels.labels(...values));
    if (entry.type === 'mirror') {
      resets.push(() => {
        levels.reset();
        instrument.clear();
      });
    }
    return instrument;
  }

  function histogram<const Names extends readonly string[]>(entry: Entry<Names>): Instrument<HistogramChild, Names> {
    const enableExemplars = entry.exemplars ?? false;
    const times = new Histogram<string>({
      name: entry.name,
      help: entry.help,
      labelNames: [...entry.labels],
      buckets: [...(entry.buckets?.bounds ?? [])],
      enableExemplars,
      registers,
    });
    return children(entry, (values) => {
      // prom-client's child cannot take an exemplar, and its call that can is dearer: used only with a trace id.
      const plain = gatheredHistogram(times.labels(...values));
      if (!enableExemplars) return { observe: (seconds) => plain.observe(seconds) };
      const labels = Object.fromEntries(entry.labels.map((name, index) => [name, values[index] ?? OTHER]));
      return {
        observe: (seconds, traceId) => {
          if (traceId === undefined) plain.observe(seconds);
          else times.observe({ labels, value: seconds, exemplarLabels: { trace_id: traceId } });
        },
      };
    });
  }

  const instruments: Instruments = {
    requestsTotal: counter(catalogue.requestsTotal),
    requestDurationSeconds: histogram(catalogue.requestDurationSeconds),
    timeToFirstTokenSeconds: histogram(catalogue.timeToFirstTokenSeconds),
    chunkGapSeconds: histogram(catalogue.chunkGapSeconds),
    overheadSeconds: histogram(catalogue.overheadSeconds),
    attemptsTotal: counter(catalogue.attemptsTotal),
    attemptFirstTokenSeconds: histogram(catalogue.attemptFirstTokenSeconds),
    failoversTotal: counter(catalogue.failoversTotal),
    streamRecoveriesTotal: counter(catalogue.streamRecoveriesTotal),
    brokenAnswersTotal: counter(catalogue.brokenAnswersTotal),
    retriesTotal: counter(catalogue.retriesTotal),
    retryBudgetBalance: gauge(catalogue.retryBudgetBalance),
    retriesDeniedTotal: counter(catalogue.retriesDeniedTotal),
    hedgesTotal: counter(catalogue.hedgesTotal),
    panicAttemptsTotal: counter(catalogue.panicAttemptsTotal),
    targetState: gauge(catalogue.targetState),
    breakerState: gauge(catalogue.breakerState),
    breakerTripsTotal: counter(catalogue.breakerTripsTotal),
    targetLoad: gauge(catalogue.targetLoad),
    targetInFlight: gauge(catalogue.targetInFlight),
    targetFirstTokenSeconds: gauge(catalogue.targetFirstTokenSeconds),
    targetTokenSeconds: gauge(catalogue.targetTokenSeconds),
    targetSlowStartWindow: gauge(catalogue.targetSlowStartWindow),
    quotaLimit: gauge(catalogue.quotaLimit),
    quotaRemaining: gauge(catalogue.quotaRemaining),
    quotaHeadroom: gauge(catalogue.quotaHeadroom),
    inFlightRequests: gauge(catalogue.inFlightRequests),
    clientDisconnectsTotal: counter(catalogue.clientDisconnectsTotal),
    rejectedRequestsTotal: counter(catalogue.rejectedRequestsTotal),
    tokensTotal: counter(catalogue.tokensTotal),
    costUsdTotal: counter(catalogue.costUsdTotal),
    configReloadsTotal: counter(catalogue.configReloadsTotal),
    configLastReloadSuccess: gauge(catalogue.configLastReloadSuccess),
    spansDroppedTotal: counter(catalogue.spansDroppedTotal),
    logLinesDroppedTotal: counter(catalogue.logLinesDroppedTotal),
    metricSeriesOverflowTotal: children(overflow, (values) => overflows.labels(...values)),
    workers: gauge(catalogue.workers),
    workerRestartsTotal: counter(catalogue.workerRestartsTotal),
    workerMessagesDroppedTotal: counter(catalogue.workerMessagesDroppedTotal),
    clusterBusConnected: gauge(catalogue.clusterBusConnected),
    clusterPeers: gauge(catalogue.clusterPeers),
    clusterDigestAgeSeconds: gauge(catalogue.clusterDigestAgeSeconds),
    clusterHealth: gauge(catalogue.clusterHealth),
    clusterBytesTotal: counter(catalogue.clusterBytesTotal),
    clusterMessagesTotal: counter(catalogue.clusterMessagesTotal),
    clusterMessagesDroppedTotal: counter(catalogue.clusterMessagesDroppedTotal),
    clusterConvergenceSeconds: histogram(catalogue.clusterConvergenceSeconds),
    clusterHoldsTotal: counter(catalogue.clusterHoldsTotal),
    clusterQuotaShare: gauge(catalogue.clusterQuotaShare),
    clusterRetriesPerSecond: gauge(catalogue.clusterRetriesPerSecond),
    buildInfo: gauge(catalogue.buildInfo),
  };
  instruments.buildInfo.child(options.version, process.version).set(1);
  // What a process runs at its start is what is on disk: it would not have started otherwise.
  instruments.configLastReloadSuccess.child().set(1);
  instruments.workers.child().set(1);

  const families = (): Promise<readonly Family[]> => {
    for (const reset of resets) reset();
    for (const collect of collects) collect();
    // Last: what is collected may count.
    for (const flush of flushes) flush();
    return registry.getMetricsAsJSON();
  };

  return {
    ...instruments,
    onCollect: (collect) => {
      collects.push(collect);
    },
    text: async (accept) => writeExposition(await families(), negotiate(accept)),
    families,
  };
}
