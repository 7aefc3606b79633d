import { defineConfig } from 'vitest/config';

const setupFiles = ['libs/testkit/src/fixed-properties.ts'];

/** Real processes and sockets share two cores in CI: one such file at a time keeps their counts honest. */
const oneAtATime = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 };

/** They wait, for a vendor's minute, for streams, for a build, and need little of a core: they run beside the others. */
const waiting = [
  'test/cluster/src/fleet-quota.test.ts',
  'test/deploy/src/rollout.test.ts',
  'test/image/src/**/*.test.ts',
];

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles,
          // Only reached by what hangs: two cores may be busy with anything.
          testTimeout: 60_000,
          include: [
            'libs/*/src/**/*.test.ts',
            'services/*/src/**/*.test.ts',
            'test/bench/src/**/*.test.ts',
            'test/tools/src/**/*.test.ts',
          ],
        },
      },
      { test: { name: 'architecture', setupFiles, include: ['test/architecture/src/**/*.test.ts'] } },
      { test: { name: 'storms', setupFiles, include: ['test/storms/src/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'waiting', include: waiting, testTimeout: 300_000, hookTimeout: 600_000 } },
      { test: { name: 'sdk', include: ['test/sdk/src/**/*.test.ts'], ...oneAtATime } },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/src/**/*.test.ts'],
          exclude: waiting,
          ...oneAtATime,
          testTimeout: 300_000,
        },
      },
      { test: { name: 'chart', include: ['test/chart/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'observability', include: ['test/observability/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'console', include: ['test/console/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'deploy', include: ['test/deploy/src/**/*.test.ts'], exclude: waiting, ...oneAtATime } },
      { test: { name: 'e2e', include: ['test/e2e/src/**/*.test.ts'], ...oneAtATime } },
    ],
  },
});
