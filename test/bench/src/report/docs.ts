/** The results in docs/performance.md: a block between two markers, made from the last run's record. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Figures } from './figures.ts';
import { honesty } from './honesty.ts';
import type { BenchRecord } from './record.ts';
import { type Section, sections } from './sections.ts';
import { setting } from './text.ts';

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

function markdownTable({ title, columns, rows }: Section): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, i) => (i === 0 ? '---' : '---:'));
  return [`**${title}**`, '', line(columns), line(rule), ...rows.map(line)].join('\n');
}

export function markdownReport(record: BenchRecord): string {
  const figures = new Figures(record);
  const notes = honesty(record, figures).map((line) => `- ${line}`);
  return [setting(record), ...sections(record, figures).map(markdownTable), notes.join('\n')].join('\n\n');
}

/** The page with its results replaced. */
export function withResults(page: string, results: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no block between ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${results}\n${page.slice(end)}`;
}

export function writeDocs(file: string, record: BenchRecord): void {
  writeFileSync(file, withResults(readFileSync(file, 'utf8'), markdownReport(record)));
}
