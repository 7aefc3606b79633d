/**
 * The two documents that follow from the schema: docs/leeward.schema.json, and the table of keys in docs/config.md.
 * `npm exec -- node services/gateway/src/config/documents.ts` writes both; a test compares them with what would be written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { type ConfigKey, configKeys, type SchemaNode, settingsJsonSchema } from './json-schema.ts';
import { meaningOf } from './meanings.ts';

export const SCHEMA_DOCUMENT = new URL('../../../../docs/leeward.schema.json', import.meta.url);
export const CONFIG_DOCUMENT = new URL('../../../../docs/config.md', import.meta.url);

export const WRITE_COMMAND = 'npm exec -- node services/gateway/src/config/documents.ts';

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
  const value = node['default'];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `\`${value}\`` : '';
}

function boundText({ node }: ConfigKey): string {
  const { enum: choices, pattern } = node;
  if (Array.isArray(choices)) return choices.map((choice) => `\`${String(choice)}\``).join(', ');
  if (typeof pattern === 'string') return `\`${pattern}\``;
  if (node['format'] === 'uri') return 'http or https';
  if (node['type'] === 'boolean') return '`true`, `false`';
  return (
    range(node, 'minimum', 'maximum', '') ??
    range(node, 'minItems', 'maxItems', ' entries') ??
    range(node, 'minLength', 'maxLength', ' characters') ??
    ''
  );
}

function range(node: SchemaNode, least: string, most: string, unit: string): string | undefined {
  const [from, to] = [node[least], node[most]];
  return typeof from === 'number' && typeof to === 'number' ? `${from} to ${to}${unit}` : undefined;
}

if (import.meta.main) {
  await writeFile(SCHEMA_DOCUMENT, schemaDocument());
  await writeFile(CONFIG_DOCUMENT, configDocument(await readFile(CONFIG_DOCUMENT, 'utf8')));
}
