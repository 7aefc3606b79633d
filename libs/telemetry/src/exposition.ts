import { Registry } from 'prom-client';

/**
 * Writes what prom-client has counted, as Prometheus text or as OpenMetrics, from the same registry.
 *
 * prom-client can write both, but one registry only in one of them. Its content type is a setting, read again after
 * awaits, so two scrapers with different Accept headers get each other's format. And its OpenMetrics writer takes
 * `_total` off the counters' own names for good, so the Prometheus text after it lacks the suffix. Both were seen. Its
 * JSON form has neither fault, and carries the exemplars.
 */
export type Format = 'prometheus' | 'openmetrics';

/** The part of prom-client's JSON form that is read here; its types leave out half of it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  /** Declared as a number, in truth a word such as `counter`. */
  readonly type: unknown;
  /** How values of several processes become one (merge-families.ts). */
  readonly aggregator?: 'sum' | 'average' | 'first' | 'max' | 'min' | 'omit' | undefined;
  readonly values: readonly Sample[];
}

export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly metricName?: string | undefined;
  readonly exemplar?: Exemplar | null | undefined;
}

interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp?: number;
}

const TOTAL = '_total';

export function writeExposition(families: readonly Family[], format: Format): { contentType: string; body: string } {
  const open = format === 'openmetrics';
  let body = '';
  for (const family of families) {
    const isCounter = family.type === 'counter';
    // OpenMetrics names the family without `_total`, and its samples with it; Prometheus text names both alike.
    const stem = isCounter && family.name.endsWith(TOTAL) ? family.name.slice(0, -TOTAL.length) : family.name;
    const familyName = open ? stem : family.name;
    const sampleName = open && isCounter ? stem + TOTAL : family.name;
    body += `# HELP ${familyName} ${escapeHelp(family.help)}\n# TYPE ${familyName} ${String(family.type)}\n`;
    for (const sample of family.values) {
      body += `${sample.metricName ?? sampleName}${writeLabels(sample.labels)} ${writeNumber(sample.value)}`;
      if (open && sample.exemplar) body += writeExemplar(sample.exemplar);
      body += '\n';
    }
  }
  return open
    ? { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: `${body}# EOF\n` }
    : { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body };
}

/** OpenMetrics only for who likes it at least as well as plain text: Prometheus does, a browser or curl does not. */
export function negotiate(accept: string | undefined): Format {
  if (accept === undefined) return 'prometheus';
  let open = 0;
  let plain = 0;
  for (const range of accept.split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const quality = weight === undefined ? 1 : Number(weight);
    if (type === 'application/openmetrics-text') open = Math.max(open, quality);
    else if (type === 'text/plain') plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain ? 'openmetrics' : 'prometheus';
}

function writeLabels(labels: Sample['labels']): string {
  let text = '';
  for (const name in labels) {
    text += `${text === '' ? '{' : ','}${name}="${escapeLabel(String(labels[name]))}"`;
  }
  return text === '' ? '' : `${text}}`;
}

function writeExemplar(exemplar: Exemplar): string {
  const at = exemplar.timestamp === undefined ? '' : ` ${exemplar.timestamp}`;
  return ` # ${writeLabels(exemplar.labelSet)} ${writeNumber(exemplar.value)}${at}`;
}

function writeNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

/** Most label values need no escaping, and a test costs less than three replacements. */
function escapeLabel(value: string): string {
  return /[\\\n"]/.test(value) ? escapeHelp(value).replaceAll('"', '\\"') : value;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
