/** What a soak's measurements amount to: every bound that was broken, in words; none when all is well. */
import type { LoadResult } from './load.ts';
import { fifthsOf, minimaOf, type Point, type Trend, trendOf } from './trend.ts';
import type { Vitals } from './vitals.ts';

export interface Quiet {
  readonly inFlight: number;
  readonly inFlightUpstream: number;
  readonly descriptors: number;
}

export interface Memory {
  readonly fifthsMiB: readonly (number | undefined)[];
  readonly trend: Trend;
}

export interface SoakRecord {
  readonly minutes: number;
  readonly perSecond: number;
  readonly load: LoadResult;
  readonly rss: Memory;
  readonly heapMinima: Memory;
  readonly descriptorsBefore: number;
  readonly descriptorsMost: number;
  readonly targetsMost: number;
  readonly seriesMost: number;
  readonly reloads: number;
  readonly reloadsAsked: number;
  /** Once the load was over and its connections had gone. */
  readonly after: Quiet;
}

/** A collector's cycle under this load is some ten seconds: three of them hold at least one low point. */
const HEAP_WINDOW_MS = 30_000;

/** 256 wildcard models on three keys, and the routes' own targets: routes.ts keeps no more. */
const MOST_TARGETS = 256 * 3 + 16;

/** Idle connections to the upstream stay open for the next request; what clients held must be gone. */
const SPARE_DESCRIPTORS = 64;

export function rssOf(vitals: readonly Vitals[]): Memory {
  return memoryOf(vitals.map(({ atMs, rssMiB }) => ({ atMs, mib: rssMiB })));
}

export function heapMinimaOf(vitals: readonly Vitals[]): Memory {
  return memoryOf(
    minimaOf(
      vitals.map(({ atMs, heapMiB }) => ({ atMs, mib: heapMiB })),
      HEAP_WINDOW_MS,
    ),
  );
}

function memoryOf(points: readonly Point[]): Memory {
  return { fifthsMiB: fifthsOf(points), trend: trendOf(points) };
}

export function troublesOf(record: SoakRecord): string[] {
  const troubles: string[] = [];
  const expect = (holds: boolean, otherwise: string) => {
    if (!holds) troubles.push(otherwise);
  };
  for (const [kind, { sent, right, wrong, broken }] of Object.entries(record.load.rows)) {
    expect(right === sent, `${kind}: ${wrong} wrong and ${broken} broken of ${sent}`);
  }
  expect(record.load.heldBack === 0, `${record.load.heldBack} requests were held back: the gateway fell behind`);
  expect(record.rss.trend.verdict !== 'grows', 'the resident memory grows');
  expect(record.heapMinima.trend.verdict !== 'grows', 'the heap grows');
  expect(record.targetsMost <= MOST_TARGETS, `${record.targetsMost} targets, more than ${MOST_TARGETS}`);
  expect(record.reloads === record.reloadsAsked, `${record.reloads} of ${record.reloadsAsked} reloads were taken over`);
  expect(record.after.inFlight === 0, `${record.after.inFlight} requests are still in flight`);
  expect(record.after.inFlightUpstream === 0, `${record.after.inFlightUpstream} attempts are still in flight upstream`);
  expect(
    record.after.descriptors <= record.descriptorsBefore + SPARE_DESCRIPTORS,
    `${record.after.descriptors} open descriptors after ${record.descriptorsBefore} before`,
  );
  return troubles;
}

export function tableOf(record: SoakRecord, troubles: readonly string[]): string {
  const numbers = (list: readonly (number | undefined)[]) =>
    list.map((number) => (number?.toFixed(1) ?? '-').padStart(8)).join('');
  const trend = ({ trend: { slopeMiBPerMin, standardErrorMiBPerMin, detectableMiBPerMin, verdict } }: Memory) =>
    `${slopeMiBPerMin.toFixed(3)} ± ${standardErrorMiBPerMin.toFixed(3)} MiB/min, ${verdict}` +
    ` (a leak of ${detectableMiBPerMin.toFixed(2)} MiB/min would be seen)`;
  const rows = Object.entries(record.load.rows).map(
    ([kind, row]) =>
      `${kind.padEnd(16)}${[row.sent, row.right, row.wrong, row.broken].map((count) => String(count).padStart(9)).join('')}`,
  );
  return [
    `${record.minutes} minutes at ${record.perSecond} requests/s, ${record.reloads} reloads`,
    '',
    `${'requests'.padEnd(16)}${['sent', 'right', 'wrong', 'broken'].map((word) => word.padStart(9)).join('')}`,
    ...rows,
    '',
    `MiB in fifths   ${['1/5', '2/5', '3/5', '4/5', '5/5'].map((word) => word.padStart(8)).join('')}`,
    `resident        ${numbers(record.rss.fifthsMiB)}   ${trend(record.rss)}`,
    `heap, least     ${numbers(record.heapMinima.fifthsMiB)}   ${trend(record.heapMinima)}`,
    '',
    `descriptors     ${record.descriptorsBefore} before, ${record.descriptorsMost} at most, ${record.after.descriptors} after`,
    `in flight after ${record.after.inFlight} of clients, ${record.after.inFlightUpstream} upstream`,
    `targets         ${record.targetsMost} at most; ${record.seriesMost} metric series at most`,
    '',
    ...record.load.troubles.map((trouble) => `  ${trouble}`),
    troubles.length === 0 ? 'All is well.' : `NOT WELL: ${troubles.join('; ')}`,
  ].join('\n');
}
