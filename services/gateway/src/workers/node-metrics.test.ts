import { createMetrics, type Metrics } from '@leeward/telemetry';
import { expect, test } from 'vitest';
import { sumOf } from '../fixtures/open-gateway.ts';
import { NodeMetrics } from './node-metrics.ts';

const one = (): Metrics => createMetrics({ seriesLimit: 10, version: '1' });

function node() {
  const workers = [one(), one()];
  const silent = new Set<number>();
  const primary = one();
  primary.workers.child().set(0);
  const page = new NodeMetrics({
    own: primary,
    askAll: async () => ({
      // As over the channel: a copy, without prototypes.
      answered: await Promise.all(
        [1, 2]
          .filter((worker) => !silent.has(worker))
          .map(async (worker) => ({
            worker,
            answer: structuredClone(await (workers[worker - 1] ?? one()).families()) as unknown,
          })),
      ),
      missing: [1, 2].filter((worker) => silent.has(worker)),
    }),
  });
  const shown = async (name: string, ...labels: string[]) => sumOf((await page.text(undefined)).body, name, labels);
  return { workers, silent, page, shown };
}

test('counts and levels of all workers are added up', async () => {
  const { workers, shown } = node();
  for (const worker of workers) {
    worker.retriesTotal.child('status-5xx').inc(3);
    worker.overheadSeconds.child('chat').observe(0.000_25);
    worker.onCollect(() => worker.inFlightRequests.child().set(2));
  }
  workers[1]?.retriesTotal.child('reset').inc(1);
  expect(await shown('leeward_retries_total', 'reason="status-5xx"')).toBe(6);
  expect(await shown('leeward_retries_total')).toBe(7);
  expect(await shown('leeward_overhead_seconds_count')).toBe(2);
  expect(await shown('leeward_overhead_seconds_bucket', 'le="0.0003"')).toBe(2);
  expect(await shown('leeward_overhead_seconds_bucket', 'le="0.0002"')).toBe(0);
  expect(await shown('leeward_in_flight_requests')).toBe(4);
  expect(await shown('leeward_workers')).toBe(2);
});

test('what a worker had counted when it ended stays, and its levels go', async () => {
  const { workers, page, shown } = node();
  workers[0]?.retriesTotal.child('reset').inc(5);
  workers[0]?.onCollect(() => workers[0]?.inFlightRequests.child().set(4));
  expect(await shown('leeward_retries_total')).toBe(5);
  page.workerEnded(1);
  workers[0] = one();
  expect(await shown('leeward_retries_total')).toBe(5);
  workers[0].retriesTotal.child('reset').inc(2);
  expect(await shown('leeward_retries_total')).toBe(7);
  page.workerEnded(1);
  workers[0] = one();
  expect(await shown('leeward_retries_total')).toBe(7);
  expect(await shown('leeward_in_flight_requests')).toBe(0);
});

test('a worker that does not answer is shown as it was seen last, without its levels', async () => {
  const { workers, silent, shown } = node();
  workers[0]?.retriesTotal.child('reset').inc(5);
  workers[0]?.onCollect(() => workers[0]?.inFlightRequests.child().set(4));
  expect(await shown('leeward_in_flight_requests')).toBe(4);
  silent.add(1);
  workers[0]?.retriesTotal.child('reset').inc(1);
  expect(await shown('leeward_retries_total')).toBe(5);
  expect(await shown('leeward_in_flight_requests')).toBe(0);
  expect(await shown('leeward_workers')).toBe(1);
  silent.delete(1);
  expect(await shown('leeward_retries_total')).toBe(6);
});
