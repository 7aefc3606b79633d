import { expect, it } from 'vitest';
import { rollOut } from './rollout/rollout.ts';

it('restarts the chart’s pods one after the other under load, and no stream is cut', async () => {
  const report = await rollOut({ streamSeconds: 10, streams: 60 });
  expect(report.problems).toEqual([]);
  // Each pod that left had its share of them when it was told to.
  expect(report.whole).toBeGreaterThan(120);
  expect(report.short).toBeGreaterThan(200);
  expect(report.refused).toBe(0);
  expect(report.fewestEndpoints).toBeGreaterThanOrEqual(report.deployment.replicas);
  expect(report.livenessFailures).toBe(0);
  expect(report.ends.map(({ code, isKilled }) => [code, isKilled])).toEqual([
    [0, false],
    [0, false],
    [0, false],
  ]);
  // They did have streams to wait for.
  expect(Math.max(...report.ends.map(({ drainedMs }) => drainedMs))).toBeGreaterThan(2000);
});
