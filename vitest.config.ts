import { defineConfig } from 'vitest/config';

const setupFiles = ['libs/testkit/src/fixed-properties.ts'];

/** Real processes and sockets share two cores in CI: one such file at a time keeps their counts honest. */
const oneAtATime = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
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
      { test: { name: 'sdk', include: ['test/sdk/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'cluster', include: ['test/cluster/src/**/*.test.ts'], ...oneAtATime, testTimeout: 300_000 } },
      { test: { name: 'image', include: ['test/image/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'chart', include: ['test/chart/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'observability', include: ['test/observability/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'console', include: ['test/console/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'deploy', include: ['test/deploy/src/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'e2e', include: ['test/e2e/src/**/*.test.ts'], ...oneAtATime } },
    ],
  },
});
