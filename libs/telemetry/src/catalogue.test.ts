import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { catalogue, type MetricEntry, PREFIX } from './catalogue.ts';
import { LABELS } from './labels.ts';
import { metricsPage } from './metrics-page.ts';

const entries: [string, MetricEntry][] = Object.entries(catalogue);

/** The names of the entries that break a rule: a test compares them with none, so that a failure names them. */
const breaking = (rule: (entry: MetricEntry, property: string) => boolean): string[] =>
  entries.filter(([property, entry]) => !rule(entry, property)).map(([, { name }]) => name);

test('names each property after its metric', () => {
  const camelCase = (name: string) =>
    name.slice(PREFIX.length).replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
  expect(breaking(({ name }, property) => name.startsWith(PREFIX) && camelCase(name) === property)).toEqual([]);
});

test('ends the name of a counter, and of nothing else, in _total, and of every histogram in its unit', () => {
  expect(breaking(({ name, type }) => name.endsWith('_total') === (type === 'counter'))).toEqual([]);
  expect(breaking(({ name, type }) => type !== 'histogram' || name.endsWith('_seconds'))).toEqual([]);
});

test('gives every histogram rising buckets with a reason, and no other metric any', () => {
  expect(breaking(({ type, buckets }) => (buckets !== undefined) === (type === 'histogram'))).toEqual([]);
  const rising = (bounds: readonly number[]) =>
    bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? Number.POSITIVE_INFINITY));
  expect(breaking(({ buckets }) => buckets === undefined || rising(buckets.bounds))).toEqual([]);
  expect(breaking(({ buckets }) => buckets === undefined || buckets.why.length > 40)).toEqual([]);
});

test('uses every label that it explains', () => {
  const used = new Set(entries.flatMap(([, { labels }]) => labels));
  expect(Object.keys(LABELS).filter((name) => ![...used].some((label) => label === name))).toEqual([]);
});

test('is what docs/metrics.md says, in both directions (else: npm exec -- node libs/telemetry/src/write-metrics-page.ts)', async () => {
  const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^### (leeward_\w+)$/gm)].map(([, name]) => name);
  expect(documented).toEqual(entries.map(([, { name }]) => name));
  expect(page).toBe(metricsPage());
});
