/** A record as tables of text: one per storm, for the terminal and for the page alike, and one of the claims. */
import type { Claim, Unit } from './claim.ts';
import type { StormsRecord } from './record.ts';
import type { RouterSummary } from './summary.ts';

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
  ['hedged /100', ({ hedgedPer100 }) => hedgedPer100.toFixed(1)],
  ['429 /100', ({ limitedPer100 }) => limitedPer100.toFixed(1)],
  ['served %', ({ servedShare }) => asPercent(servedShare, 1)],
  ['quota used %', ({ quotaUsedShare }) => asPercent(quotaUsedShare, 1)],
  ['left after s', ({ leftAfterMs }) => (leftAfterMs === null ? '' : (leftAfterMs / 1000).toFixed(1))],
  ['after 2 s %', ({ earlyShare }) => asPercent(earlyShare, 1)],
  ['bad share %', ({ badShare }) => asPercent(badShare, 1)],
  ['peak', ({ peakShares }) => peakShares?.toFixed(2) ?? ''],
  ['heeded after ms', ({ heededAfterMs }) => heededAfterMs?.toFixed(0) ?? ''],
  ['unheeded', ({ unheededByOne }) => unheededByOne?.toFixed(0) ?? ''],
  ['newcomer bad %', ({ newcomerBadShare }) => asPercent(newcomerBadShare, 1)],
  ['gap p50 ms', ({ gaps }) => gaps?.p50Ms.toFixed(0) ?? ''],
  ['gap p95 ms', ({ gaps }) => gaps?.p95Ms.toFixed(0) ?? ''],
  ['regret ms', ({ regretMs }) => regretMs?.toFixed(0) ?? ''],
];

function asPercent(share: number | null, digits: number): string {
  return share === null ? '' : (100 * share).toFixed(digits);
}

/** A few among many are not none. */
export function percent(share: number): string {
  if (share === 0) return '0';
  return share < 0.0001 ? '<0.01' : (100 * share).toFixed(2);
}

/** Columns that say nothing of a storm are left out of its table. */
export function tables({ storms, seeds }: StormsRecord): readonly Table[] {
  return storms.map(({ id, title, routers }) => {
    const cells = COLUMNS.map(([column, of]) => ({ column, texts: routers.map(of) })).filter(({ texts }) =>
      texts.some((text) => text !== ''),
    );
    const own = routers[0]?.bySeed.length ?? seeds;
    return {
      title: `${id}: ${title}${own === seeds ? '' : ` (${own === 1 ? '1 seed' : `${own} seeds`})`}`,
      columns: cells.map(({ column }) => column),
      rows: routers.map((_, place) => cells.map(({ texts }) => texts[place] ?? '')),
    };
  });
}

/**
 * A row for each claim, and for each router that makes it a value and whether it holds. A cell is empty where a router
 * does not make the claim, or makes it with another bound, which has its own row.
 */
export function claimsTable({ judgements }: StormsRecord): Table {
  const headOf = ({ storm, text }: Claim) => `${storm}: ${text}`;
  const boundOf = ({ relation, unit, bound }: Claim) => `${relation} ${inUnit(unit, bound)}`;
  const most = judgements.toSorted((a, b) => b.claims.length - a.claims.length);
  const byHead = Map.groupBy(
    most.flatMap(({ claims }) => claims),
    headOf,
  );
  const rows = [...byHead].flatMap(([head, same]) =>
    [...new Set(same.map(boundOf))].map((bound) => [
      head,
      bound,
      ...judgements.flatMap(({ claims }) => {
        const own = claims.find((claim) => headOf(claim) === head && boundOf(claim) === bound);
        return own === undefined ? ['', ''] : [inUnit(own.unit, own.value), own.holds ? 'holds' : 'BROKEN'];
      }),
    ]),
  );
  const count = (claims: readonly Claim[]) => `${claims.filter(({ holds }) => holds).length} of ${claims.length}`;
  return {
    title: `Claims: ${judgements.map(({ subject, claims }) => `${count(claims)} hold for ${subject}`).join(', ')}`,
    columns: ['claim', 'bound', ...judgements.flatMap(({ subject }) => [subject, ''])],
    rows,
  };
}

/** One claim in words. */
export function claimText({ storm, text, unit, value, relation, bound }: Claim): string {
  return `${storm}: ${text}: ${inUnit(unit, value)}, to be ${relation} ${inUnit(unit, bound)}`;
}

function inUnit(unit: Unit, value: number): string {
  switch (unit) {
    case 'share':
      return `${percent(value)} %`;
    case 'per 100':
      return `${value.toFixed(2)} /100`;
    case 'ms':
      return value === Number.POSITIVE_INFINITY ? 'never' : `${value.toFixed(0)} ms`;
    case 'times':
      return `${value.toFixed(2)} x`;
    case 'count':
      return value.toFixed(0);
  }
}

export function setting({ seeds, storms }: StormsRecord): string {
  const exchanges = storms.reduce((total, { exchangesPerSeed }) => total + exchangesPerSeed, 0);
  return `${seeds} seeds; ${exchanges.toLocaleString('en')} exchanges per seed and router, over ${storms.length} storms.`;
}

export function textReport(record: StormsRecord): string {
  return [setting(record), ...[...tables(record), claimsTable(record)].map(textTable)].join('\n\n');
}

function textTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, place) => Math.max(column.length, ...rows.map((row) => row[place]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, place) => (place === 0 ? cell.padEnd(widths[place] ?? 0) : cell.padStart(widths[place] ?? 0)))
      .join('  ');
  return [title, line(columns), ...rows.map(line)].join('\n');
}
