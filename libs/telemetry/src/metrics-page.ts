import { catalogue, type MetricEntry } from './catalogue.ts';
import { type LabelName, LABELS } from './labels.ts';

/** The page docs/metrics.md, from the catalogue. A test compares it with the file; write-metrics-page.ts writes it. */
export function metricsPage(): string {
  const entries: readonly MetricEntry[] = Object.values(catalogue);
  return [
    '# Metrics',
    '',
    'Written from `libs/telemetry/src/catalogue.ts` by `npm exec -- node libs/telemetry/src/write-metrics-page.ts`:',
    'edit there.',
    '',
    'The admin port serves them at `/metrics`, as Prometheus text or, to a scraper that asks for it, as OpenMetrics,',
    'where the metrics marked so carry exemplars: the `trace_id` of a sampled request in that bucket. A *mirror* is a',
    'gauge read from the node’s state at the scrape. Every value is this node’s own; sum over the instances.',
    '',
    'A node of several worker processes shows one page: what its workers have counted and hold is added up, or, where',
    'it says so, the largest or smallest of their values is shown. What a worker that has ended had counted stays.',
    '',
    'Labels hold values of closed sets only. A metric that reaches its bound of series counts what is new as `other`',
    'and says so in `leeward_metric_series_overflow_total`.',
    '',
    '## Metrics',
    '',
    ...entries.flatMap(section),
    '## The process',
    '',
    'Beside these, Node.js’s own, under the same prefix: `leeward_process_*` (such as',
    `${PROCESS_METRICS.map((name) => `\`${name}\``).join(', ')}) and \`leeward_nodejs_*\`.`,
    '',
    '## Labels',
    '',
    '| label | holds |',
    '|---|---|',
    ...Object.entries(LABELS).map(([name, holds]) => `| \`${name}\` | ${holds} |`),
    '',
  ].join('\n');
}

/** The ones to watch; a test asks for each at a running registry. */
export const PROCESS_METRICS = [
  'leeward_process_cpu_seconds_total',
  'leeward_process_resident_memory_bytes',
  'leeward_nodejs_eventloop_lag_p99_seconds',
  'leeward_nodejs_heap_size_used_bytes',
  'leeward_nodejs_gc_duration_seconds',
] as const;

function section(entry: MetricEntry): string[] {
  const labels = entry.labels.length === 0 ? 'no labels' : entry.labels.map(quoted).join(', ');
  const exemplars = entry.exemplars ? ' · exemplars' : '';
  const over = entry.over === undefined ? '' : ` · ${entry.over} over workers`;
  const lines = [`### ${entry.name}`, '', `${entry.type} · ${labels}${exemplars}${over}`, '', entry.help, ''];
  if (entry.buckets !== undefined) {
    lines.push(`Buckets, in seconds: ${entry.buckets.bounds.join(', ')}. ${entry.buckets.why}`, '');
  }
  return lines;
}

const quoted = (name: LabelName): string => `\`${name}\``;
