/**
 * The two documents that follow from the schema: docs/leeward.schema.json, and the table of keys in docs/config.md.
 * `node services/gateway/src/config/documents.ts` writes both; a test compares them with what would be written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { type ConfigKey, configKeys, settingsJsonSchema } from './json-schema.ts';
import { meaningOf } from './meanings.ts';

export const SCHEMA_DOCUMENT = new URL('../../../../docs/leeward.schema.json', import.meta.url);
export const CONFIG_DOCUMENT = new URL('../../../../docs/config.md', import.meta.url);

export const WRITE_COMMAND = 'node services/gateway/src/config/documents.ts';

const TABLE_BEGINS = '<!-- keys: written by documents.ts -->';
const TABLE_ENDS = '<!-- end of keys -->';

export function schemaDocument(): string {
  return `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`;
}

/** The page with its table written anew; what stands around the table is written by hand and kept. */
export function configDocument(page: string): string {
  const begin = page.indexOf(TABLE_BEGINS);
  const end = page.indexOf(TABLE_ENDS);
  if (begin < 0 || end < begin) throw new Error(`docs/config.md has lost the marks of its table: ${TABLE_BEGINS}`);
  return `${page.slice(0, begin + TABLE_BEGINS.length)}\n\n${keysTable()}\n${page.slice(end)}`;
}

function keysTable(): string {
  const rows = configKeys(settingsJsonSchema()).map((key) => {
    const cells = [`\`${key.path}\``, meaningOf(key.path) ?? '', defaultText(key), boundText(key)];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  return `| key | meaning | default | bound |\n|---|---|---|---|\n${rows.join('')}`;
}

function defaultText({ node, required }: ConfigKey): string {
  if (required) return '(required)';
  const { default: value } = node;
  return value === undefined || typeof value === 'object' ? '' : `\`${String(value)}\``;
}

function boundText({ node }: ConfigKey): string {
  const { enum: choices, minimum, maximum, minItems, maxItems, minLength, maxLength, pattern, format } = node;
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (minimum !== undefined || maximum !== undefined) return `${String(minimum)} to ${String(maximum)}`;
  if (minItems !== undefined || maxItems !== undefined) return `${String(minItems)} to ${String(maxItems)} entries`;
  if (typeof pattern === 'string') return `\`${pattern}\``;
  if (maxLength !== undefined) return `${String(minLength)} to ${String(maxLength)} characters`;
  if (format === 'uri') return 'http or https';
  return node['type'] === 'boolean' ? '`true`, `false`' : '';
}

if (import.meta.main) {
  await writeFile(SCHEMA_DOCUMENT, schemaDocument());
  await writeFile(CONFIG_DOCUMENT, configDocument(await readFile(CONFIG_DOCUMENT, 'utf8')));
}
