import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const setupFiles = ['libs/testkit/src/fixed-properties.ts'];

/** For two cores: most files start processes and then wait for them, so that of four files at once two or so compute. */
const WORKERS = 4;

/** Code without state of its own: its files share processes, and so load what they have in common once, not each anew. */
const pure = { isolate: false };

/** Only reached by what hangs: two cores may be busy with anything. */
const PATIENT = { testTimeout: 300_000, hookTimeout: 600_000 };

/** They wait for minutes, for a vendor's, for streams, for a build: they begin first, or all else would wait for them. */
const longest = [
  'test/cluster/src/fleet-quota.test.ts',
  'test/deploy/src/rollout.test.ts',
  'test/image/src/**/*.test.ts',
];

/**
 * What they count depends on how soon processes answer each other, as when a key is struck in one and left by all, or is a
 * rush that both cores are busy with: nothing runs beside such a file, and they come last.
 */
const alone = [
  'test/cluster/src/learning.test.ts',
  'test/e2e/src/failing-workspaces.test.ts',
  'test/e2e/src/frozen-provider.test.ts',
  'test/e2e/src/many-requests.test.ts',
  'test/e2e/src/struck-key.test.ts',
  'test/e2e/src/two-gateways.test.ts',
];

/** In the order in which they begin: those that wait, then those that compute, which fill what the last ones leave. */
const PROJECTS = [
  { name: 'longest', include: longest, ...PATIENT },
  { name: 'observability', include: ['test/observability/src/**/*.test.ts'], ...PATIENT },
  { name: 'cluster', include: ['test/cluster/src/**/*.test.ts'], exclude: [...longest, ...alone], ...PATIENT },
  { name: 'console', include: ['test/console/src/**/*.test.ts'], ...PATIENT },
  { name: 'e2e', include: ['test/e2e/src/**/*.test.ts'], exclude: alone, ...PATIENT },
  { name: 'storms', setupFiles, include: ['test/storms/src/**/*.test.ts'], ...PATIENT },
  { name: 'sdk', include: ['test/sdk/src/**/*.test.ts'], ...PATIENT },
  { name: 'chart', include: ['test/chart/src/**/*.test.ts'], ...PATIENT },
  { name: 'deploy', include: ['test/deploy/src/**/*.test.ts'], exclude: longest, ...PATIENT },
  { name: 'architecture', setupFiles, include: ['test/architecture/src/**/*.test.ts'], ...pure, ...PATIENT },
  {
    name: 'unit',
    setupFiles,
    include: [
      'libs/*/src/**/*.test.ts',
      'services/*/src/**/*.test.ts',
      'test/bench/src/**/*.test.ts',
      'test/tools/src/**/*.test.ts',
    ],
    ...pure,
    ...PATIENT,
  },
  { name: 'alone', include: alone, fileParallelism: false, ...PATIENT },
];

/** Vitest would take projects by the alphabet. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project }: TestSpecification) => PROJECTS.findIndex(({ name }) => name === project.name);
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    maxWorkers: WORKERS,
    sequence: { sequencer: InOrder },
    projects: PROJECTS.map((test) => ({ test })),
  },
});
