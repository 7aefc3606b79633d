/**
 * The chart's files that follow from others: its schema and README from values.yaml and the config's schema, and copies
 * of the dashboards and rules, because helm packs nothing from outside a chart's folder. write-chart.ts writes them; a
 * test compares.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CHART, ROOT } from './places.ts';
import { isMapping, readValues } from './read-values.ts';
import { readme } from './readme.ts';
import { valuesSchema } from './values-schema.ts';

/** Folders of the chart in which nothing stands but copies. */
const COPIES = { dashboards: 'files/dashboards', rules: 'files/rules' } as const;

/** What should be there: texts by path in the chart. */
export function chartFiles(): ReadonlyMap<string, string> {
  const values = readValues(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  const configSchema = JSON.parse(readFileSync(join(ROOT, 'docs/leeward.schema.json'), 'utf8')) as object;
  return new Map([
    ['values.schema.json', `${JSON.stringify(valuesSchema(values, { ...configSchema }), null, 2)}\n`],
    ['README.md', readme(values)],
    ...copies('deploy/grafana', '.json', COPIES.dashboards, () => true),
    // Beside rules, the folder may hold the configuration of servers, which is no chart's business.
    ...copies('deploy/prometheus', '.yaml', COPIES.rules, (text) => {
      const file: unknown = parse(text);
      return isMapping(file) && Array.isArray(file['groups']);
    }),
  ]);
}

function copies(from: string, ending: string, to: string, wanted: (text: string) => boolean): [string, string][] {
  return namesIn(join(ROOT, from))
    .filter((name) => name.endsWith(ending))
    .map((name): [string, string] => [`${to}/${name}`, readFileSync(join(ROOT, from, name), 'utf8')])
    .filter(([, text]) => wanted(text));
}

/** The copies that are there, whether they should be or not. */
export function presentCopies(): readonly string[] {
  return Object.values(COPIES).flatMap((folder) => namesIn(join(CHART, folder)).map((name) => `${folder}/${name}`));
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
}
