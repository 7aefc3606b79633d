/** The results in docs/routing.md: a block between two markers, made from the last run's record. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { StormsRecord } from './record.ts';
import { setting, type Table, tables } from './tables.ts';

const BEGIN = '<!-- storms:begin -->';
const END = '<!-- storms:end -->';

export function writeDocs(file: string, record: StormsRecord): void {
  writeFileSync(file, withResults(readFileSync(file, 'utf8'), record));
}

/** The page with its results replaced. */
export function withResults(page: string, record: StormsRecord): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no block between ${BEGIN} and ${END}`);
  const results = [setting(record), ...tables(record).map(markdownTable)].join('\n\n');
  return `${page.slice(0, begin + BEGIN.length)}\n${results}\n${page.slice(end)}`;
}

function markdownTable({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = columns.map((_, place) => (place === 0 ? '---' : '---:'));
  const emphasised = rows.map((row) =>
    row[0]?.startsWith('leeward') === true ? row.map((cell) => `**${cell}**`) : row,
  );
  return [`**${title}**`, '', line(columns), line(rule), ...emphasised.map(line)].join('\n');
}
