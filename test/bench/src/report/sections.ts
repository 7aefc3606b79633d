/** The tables of the report as plain rows, for the terminal and for the docs alike. */
import {
  BODIES,
  OPEN_LOOP_RATE,
  PICK_LIMIT_MICROS,
  PICK_TARGETS,
  SMALL_CONNECTIONS,
  STREAMS,
  WORKERS_PROMISE,
} from '../plan.ts';
import type { MeasureId } from '../sample.ts';
import type { Spread } from '../stats.ts';
import { WORKERS, type WorkersGain } from '../workers/measure-gain.ts';
import type { Figures } from './figures.ts';
import type { BenchRecord } from './record.ts';

export interface Section {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

const NONE = '-';

function number(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Two or three figures are as many as such a measure holds. */
function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return number(value, 0);
  if (size >= 10) return number(value, 1);
  return number(value, size >= 0.1 ? 2 : 3);
}

function middle(value: Spread | undefined, digits?: number): string {
  if (value === undefined) return NONE;
  return digits === undefined ? significant(value.median) : number(value.median, digits);
}

function ranged(value: Spread | undefined): string {
  if (value === undefined) return NONE;
  const { median, min, max } = value;
  return `${significant(median)} (${significant(min)} to ${significant(max)})`;
}

function percent(value: Spread | undefined): string {
  return value === undefined ? NONE : `${Math.round(value.median * 100)} %`;
}

function rate(figures: Figures, subject: Parameters<Figures['of']>[0], measure: MeasureId): string {
  const value = figures.of(subject, measure, 'requestsPerSecond');
  const bound = figures.isLowerBound(subject, measure) ? '≥ ' : '';
  return value === undefined ? NONE : `${bound}${number(value.median, 0)}`;
}

export function sections(record: BenchRecord, figures: Figures): Section[] {
  const taken = new Set(record.samples.map(({ measure }) => measure));
  const baseline = record.participants.find(({ name }) => name === figures.baseline)?.label ?? NONE;
  const rows = (cells: (name: (typeof record.participants)[number]['name']) => string[]) =>
    record.participants.map(({ name, label }) => [label, ...cells(name)]);
  const all: Section[] = [];

  const saturation = (measure: MeasureId, title: string) => {
    if (!taken.has(measure)) return;
    all.push({
      title,
      columns: [
        'subject',
        'CPU µs/request',
        `CPU ÷ ${baseline}`,
        'requests/s',
        `rate ÷ ${baseline}`,
        'its core',
        'load core',
      ],
      rows: rows((name) => [
        ranged(figures.of(name, measure, 'cpuMicros')),
        ranged(figures.ratio(name, measure, 'cpuMicros')),
        rate(figures, name, measure),
        ranged(figures.ratio(name, measure, 'requestsPerSecond')),
        percent(figures.of(name, measure, 'subjectBusy')),
        percent(figures.of(name, measure, 'loadBusy')),
      ]),
    });
  };

  saturation('small', `Small requests at saturation (${SMALL_CONNECTIONS} connections, closed loop)`);
  if (taken.has('open-loop')) {
    all.push({
      title: `Latency at ${number(OPEN_LOOP_RATE, 0)} requests/s (open loop, from the scheduled time), ms`,
      columns: ['subject', 'p50', 'added p50', 'p99', 'added p99', 'generator late p99', 'CPU µs/request'],
      rows: rows((name) => [
        middle(figures.of(name, 'open-loop', 'p50Ms')),
        ranged(figures.added(name, 'open-loop', 'p50Ms')),
        middle(figures.of(name, 'open-loop', 'p99Ms')),
        ranged(figures.added(name, 'open-loop', 'p99Ms')),
        middle(figures.of(name, 'open-loop', 'lateP99Ms')),
        middle(figures.of(name, 'open-loop', 'cpuMicros')),
      ]),
    });
  }
  if (taken.has('streams')) {
    all.push({
      title: `${STREAMS} concurrent streams, ms`,
      columns: [
        'subject',
        'first token p50',
        'added',
        'p99',
        'added p99',
        'chunk transit p50',
        'p99',
        'stalls > 50 ms',
        'worst gap',
        'CPU µs/chunk',
      ],
      rows: rows((name) => [
        middle(figures.of(name, 'streams', 'firstTokenP50Ms')),
        ranged(figures.added(name, 'streams', 'firstTokenP50Ms')),
        middle(figures.of(name, 'streams', 'firstTokenP99Ms')),
        ranged(figures.added(name, 'streams', 'firstTokenP99Ms')),
        middle(figures.of(name, 'streams', 'transitP50Ms')),
        middle(figures.of(name, 'streams', 'transitP99Ms')),
        middle(figures.of(name, 'streams', 'stalls'), 0),
        middle(figures.of(name, 'streams', 'worstStallMs'), 1),
        ranged(figures.of(name, 'streams', 'cpuMicrosPerChunk')),
      ]),
    });
  }
  for (const { name, connections } of BODIES) {
    saturation(
      name,
      `Prompts of ${name.replace('body-', '').replace(/(\d+)/, '$1 ')} at saturation (${connections} connections)`,
    );
  }
  if (taken.has('memory')) {
    all.push({
      title: 'Resident memory, MiB',
      columns: ['subject', 'after warm-up', 'peak'],
      rows: rows((name) => [
        middle(figures.of(name, 'memory', 'warmMiB'), 0),
        middle(figures.of(name, 'memory', 'peakMiB'), 0),
      ]).slice(1), // The direct way has no memory of its own.
    });
  }
  if (record.picks.length > 0) all.push(picks(record));
  if (record.workers !== undefined) all.push(workers(record.workers));
  return all;
}

function workers({ gain, oneMicros, workerMicros, pairs, dropped }: WorkersGain): Section {
  return {
    title: `What ${WORKERS} workers answer, as a multiple of one process (promised: ${WORKERS_PROMISE})`,
    columns: [
      'multiple',
      'middle half of the pairs',
      'one: CPU µs/request',
      `one of ${WORKERS}: CPU µs/request`,
      'pairs',
      'dropped',
    ],
    rows: [
      [
        number(gain.median, 2),
        `${number(gain.lower, 2)} to ${number(gain.upper, 2)}`,
        significant(oneMicros),
        significant(workerMicros),
        String(pairs),
        String(dropped),
      ],
    ],
  };
}

function picks(record: BenchRecord): Section {
  return {
    title: `A pick by the adaptive picker (promised: under ${PICK_LIMIT_MICROS} µs at the median among ${Math.max(...PICK_TARGETS)})`,
    columns: ['available targets', 'µs p50', 'µs p99', 'bytes kept'],
    rows: record.picks.map(({ targets, medianMicros, p99Micros, keptBytes }) => [
      String(targets),
      number(medianMicros, 2),
      number(p99Micros, 2),
      number(keptBytes, 2),
    ]),
  };
}
