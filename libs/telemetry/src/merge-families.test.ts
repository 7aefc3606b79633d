import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Family } from './exposition.ts';
import { countedIn, mergeFamilies } from './merge-families.ts';
import { createMetrics } from './metrics.ts';

const TRACES = ['0af7651916cd43dd8448eb211c80319c', '1bf7651916cd43dd8448eb211c80319c'] as const;

const metric =
  (aggregator: Family['aggregator'], type = 'gauge') =>
  (value: number): Family[] => [{ name: 'm', help: '', type, aggregator, values: [{ value, labels: { a: '1' } }] }];

const valueOf = (families: readonly Family[]): number | undefined => families[0]?.values[0]?.value;

test('joins levels as each says: by sum, largest or smallest', () => {
  const join = (aggregator: Family['aggregator'], type?: string) =>
    valueOf(mergeFamilies([3, 5, 2].map(metric(aggregator, type))));
  expect(join(undefined)).toBe(10);
  expect(join('sum')).toBe(10);
  expect(join('max')).toBe(5);
  expect(join('min')).toBe(2);
  // The lag of an event loop: the mean would hide the one that is full.
  expect(join('average')).toBe(5);
  // A count is a count, whatever it says.
  expect(join('max', 'counter')).toBe(10);
});

test('keeps apart what has other labels', () => {
  const of = (route: string, value: number): Family => ({
    name: 'm',
    help: '',
    type: 'counter',
    values: [{ value, labels: { route } }],
  });
  expect(mergeFamilies([[of('a', 1)], [of('b', 2)], [of('a', 4)]])[0]?.values).toEqual([
    { value: 5, labels: { route: 'a' } },
    { value: 2, labels: { route: 'b' } },
  ]);
});

test('shows of several processes what one would have shown that did all', async () => {
  const times = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.double({ min: 0, max: 400, noNaN: true })), {
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 4 }), async (processes) => {
      const build = () => createMetrics({ seriesLimit: 100, version: '1' });
      const all = build();
      const each = processes.map((observed) => {
        const own = build();
        for (const [route, seconds] of observed) {
          for (const metrics of [own, all]) metrics.requestDurationSeconds.child(route, 'chat').observe(seconds);
        }
        return own;
      });
      const shown = (families: readonly Family[]) =>
        new Map(
          (families.find(({ name }) => name === 'leeward_request_duration_seconds')?.values ?? [])
            .filter(({ metricName }) => !metricName?.endsWith('_sum'))
            .map(({ metricName, labels, value }) => [JSON.stringify([metricName, labels]), value]),
        );
      const merged = mergeFamilies(await Promise.all(each.map((metrics) => metrics.families())));
      expect(shown(merged)).toEqual(shown(await all.families()));
    }),
    { numRuns: 30 },
  );
});

test('keeps exemplars', async () => {
  const processes = TRACES.map((traceId) => {
    const metrics = createMetrics({ seriesLimit: 100, version: '1' });
    metrics.requestDurationSeconds.child('a', 'chat').observe(0.2, traceId);
    return metrics;
  });
  const merged = mergeFamilies(await Promise.all(processes.map((metrics) => metrics.families())));
  expect(TRACES.some((traceId) => JSON.stringify(merged).includes(traceId))).toBe(true);
});

test('leaves of a process that has ended what it had counted', () => {
  const families = [...metric('sum')(1), ...metric('sum', 'counter')(2), ...metric('sum', 'histogram')(3)];
  expect(countedIn(families).map(({ type }) => type)).toEqual(['counter', 'histogram']);
});
