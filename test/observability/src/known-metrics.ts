/** Whether an expression asks for something that exists: a metric of the catalogue, or a recorded series. */
import { catalogue, type MetricEntry } from '@leeward/telemetry';
import { readRules } from './rule-files.ts';

/** What Node.js and the process tell of themselves, named by prom-client. */
const PROCESS = /^leeward_(?:process|nodejs)_/;

export async function unknownMetricsIn(expressions: readonly string[]): Promise<readonly string[]> {
  const { recordings } = await readRules();
  const entries: readonly MetricEntry[] = Object.values(catalogue);
  const known = new Set([
    ...recordings.map(({ record }) => record),
    ...entries.flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  ]);
  const asked = expressions.flatMap((expr) => expr.match(/\b(?:[a-z_]+:)?leeward_\w+(?::\w+)?/g) ?? []);
  return [...new Set(asked)].filter((name) => !known.has(name) && !PROCESS.test(name));
}
