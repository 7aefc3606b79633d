/** The report for a terminal. */
import { Figures } from './figures.ts';
import { honesty } from './honesty.ts';
import type { BenchRecord } from './record.ts';
import { type Section, sections } from './sections.ts';

function table({ title, columns, rows }: Section): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export function setting(record: BenchRecord): string {
  const { machine, plan, cores } = record;
  const versions = record.participants
    .filter(({ name }) => name !== 'direct')
    .map(({ label, version }) => `${label} ${version}`)
    .join(', ');
  const machineLine = `${record.at.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}.`;
  if (record.participants.length === 0) return machineLine;
  return [
    machineLine,
    `${versions}; subjects on core ${cores.subject}, load generator and upstream on core ${cores.load}.`,
    `Medians of ${plan.rounds} interleaved rounds (in brackets the least and the greatest); CPU from ${record.ledger}.`,
  ].join(' ');
}

export function textReport(record: BenchRecord): string {
  const figures = new Figures(record);
  const notes = honesty(record, figures).map((line) => `- ${line}`);
  return [
    setting(record),
    ...sections(record, figures).map(table),
    ...(notes.length === 0 ? [] : [['How far to believe it:', ...notes].join('\n')]),
  ].join('\n\n');
}
