import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { layers } from './layers.ts';

const house = {
  'libs/kernel/package.json': '{"name":"@leeward/kernel","nx":{"tags":["layer:platform"]}}',
  'libs/balancer/package.json': '{"name":"@leeward/balancer","nx":{"tags":["layer:domain"]}}',
  'libs/upstream/package.json': '{"name":"@leeward/upstream","nx":{"tags":["layer:domain"]}}',
  'libs/testkit/package.json': '{"name":"@leeward/testkit","nx":{"tags":["layer:test"]}}',
  'services/gateway/package.json': '{"name":"@leeward/gateway","nx":{"tags":["layer:service"]}}',
  'services/mistral-sim/package.json': '{"name":"@leeward/mistral-sim","nx":{"tags":["layer:service"]}}',
};
const breaches = (path: string, text: string): string[] => layers(treeOf({ ...house, [path]: text }));

describe('layers', () => {
  it.each([
    ['libs/balancer/src/picker.ts', "import { systemRng } from '@leeward/kernel';"],
    ['services/gateway/src/build.ts', "import { Pool } from '@leeward/upstream';"],
    ['libs/balancer/src/picker.test.ts', "import { seededRng } from '@leeward/testkit';"],
    ['libs/balancer/src/picker.test.ts', "import { suite } from './picker.contract.ts';"],
    ['services/gateway/src/build.test.ts', "import { startSim } from '@leeward/mistral-sim';"],
    ['libs/balancer/src/picker.ts', "import { a } from './inner/a.ts'; import { b } from 'zod';"],
  ])('lets %s say: %s', (path, text) => {
    expect(breaches(path, text)).toEqual([]);
  });

  it.each([
    ['libs/kernel/src/a.ts', "import { Pool } from '@leeward/upstream';", 'platform must not import a domain'],
    ['libs/upstream/src/a.ts', "import { start } from '@leeward/gateway';", 'domain must not import a service'],
    [
      'services/gateway/src/a.ts',
      "import { startSim } from '@leeward/mistral-sim';",
      'service must not import a service',
    ],
    ['services/gateway/src/a.ts', "import { seededRng } from '@leeward/testkit';", 'service must not import a test'],
    ['libs/balancer/src/a.ts', "import { seededRng } from '@leeward/testkit';", 'domain must not import a test'],
    ['libs/balancer/src/a.ts', "import type { Target } from '@leeward/upstream';", 'do not know each other'],
    ['libs/upstream/src/a.test.ts', "import { pick } from '@leeward/balancer';", 'do not know each other'],
    ['libs/balancer/src/a.ts', "import { x } from '@leeward/kernel/src/clock.ts';", 'past the public door'],
    ['libs/balancer/src/a.ts', "import { x } from '../../kernel/src/clock.ts';", 'leaves the package'],
    ['libs/balancer/src/a.ts', "import { suite } from './picker.contract.ts';", 'must not import a test'],
    ['libs/balancer/src/a.ts', "import { body } from './fixtures/read.ts';", 'must not import a test'],
    ['libs/nobody/src/a.ts', '', 'belongs to no package'],
  ])('refuses that %s says: %s', (path, text, reason) => {
    expect(breaches(path, text)).toEqual([expect.stringContaining(reason)]);
  });

  it('refuses a package without a layer, with two, and one in the wrong folder', () => {
    const tagged = (folder: string, tags: string): string[] =>
      breaches(`${folder}/package.json`, `{"name":"x","nx":{"tags":${tags}}}`);
    expect(tagged('libs/x', '[]')).toHaveLength(1);
    expect(tagged('libs/x', '["layer:domain","layer:platform"]')).toHaveLength(1);
    expect(tagged('libs/x', '["layer:service"]')).toHaveLength(1);
    expect(tagged('services/x', '["layer:domain"]')).toHaveLength(1);
    expect(tagged('test/x', '["layer:service"]')).toHaveLength(1);
    expect(tagged('test/x', '["layer:test"]')).toEqual([]);
  });
});
