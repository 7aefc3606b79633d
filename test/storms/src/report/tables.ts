/** A record as tables of text: one per storm, for the terminal and for the page alike. */
import type { RouterSummary, StormsRecord } from './record.ts';

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const COLUMNS: readonly (readonly [string, (of: RouterSummary) => string])[] = [
  ['router', ({ router }) => router],
  ['errors %', ({ errorShare }) => percent(errorShare)],
  ['p50 ms', ({ p50Ms }) => p50Ms.toFixed(0)],
  ['p95 ms', ({ p95Ms }) => p95Ms.toFixed(0)],
  ['p99 ms', ({ p99Ms }) => p99Ms.toFixed(0)],
  ['wasted /100', ({ wastedPer100 }) => wastedPer100.toFixed(1)],
  ['429 /100', ({ limitedPer100 }) => limitedPer100.toFixed(1)],
  ['quota used %', ({ quotaUsedShare }) => (quotaUsedShare === null ? '' : (100 * quotaUsedShare).toFixed(0))],
  ['left after s', ({ leftAfterMs }) => (leftAfterMs === null ? '' : (leftAfterMs / 1000).toFixed(1))],
  ['bad share %', ({ badShare }) => (badShare === null ? '' : (100 * badShare).toFixed(1))],
  ['regret ms', ({ regretMs }) => regretMs.toFixed(0)],
];

/** A few among many are not none. */
export function percent(share: number): string {
  if (share === 0) return '0';
  return share < 0.0001 ? '<0.01' : (100 * share).toFixed(2);
}

/** Columns that say nothing of a storm are left out of its table. */
export function tables({ storms }: StormsRecord): readonly Table[] {
  return storms.map(({ id, title, routers }) => {
    const cells = COLUMNS.map(([column, of]) => ({ column, texts: routers.map(of) })).filter(({ texts }) =>
      texts.some((text) => text !== ''),
    );
    return {
      title: `${id}: ${title}`,
      columns: cells.map(({ column }) => column),
      rows: routers.map((_, place) => cells.map(({ texts }) => texts[place] ?? '')),
    };
  });
}

export function setting({ seeds, storms }: StormsRecord): string {
  const exchanges = storms.reduce((total, { exchangesPerSeed }) => total + exchangesPerSeed, 0);
  return `${seeds} seeds; ${exchanges.toLocaleString('en')} exchanges per seed and router, over ${storms.length} storms.`;
}

export function textReport(record: StormsRecord): string {
  return [setting(record), ...tables(record).map(textTable)].join('\n\n');
}

function textTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, place) => Math.max(column.length, ...rows.map((row) => row[place]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, place) => (place === 0 ? cell.padEnd(widths[place] ?? 0) : cell.padStart(widths[place] ?? 0)))
      .join('  ');
  return [title, line(columns), ...rows.map(line)].join('\n');
}
