import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { names } from './names.ts';

const breaches = (path: string, text = ''): string[] => names(treeOf({ [path]: text }));

describe('names', () => {
  it.each([
    'libs/wire/src/sse/decoder.ts',
    'services/gateway/src/http/data-port.ts',
    'libs/a/src/picker.contract.ts',
    'libs/a/src/p2c.test.ts',
    'libs/a/src/p2c.fuzz.test.ts',
  ])('lets a file be named %s', (path) => {
    expect(breaches(path)).toEqual([]);
  });

  it.each([
    'libs/a/src/utils.ts',
    'libs/a/src/test-helper.ts',
    'libs/common/src/clock.ts',
    'libs/a/src/types.ts',
    'libs/a/src/shared/clock.ts',
    'libs/a/src/key-manager.ts',
    'libs/a/src/backend.ts',
    'libs/a/src/retry-strategy.ts',
    'libs/a/src/usage-data.ts',
    'libs/a/src/clockWork.ts',
    'libs/a/src/clock_work.ts',
  ])('refuses a file named %s', (path) => {
    expect(breaches(path)).toHaveLength(1);
  });

  it.each([
    'class KeyManager {}',
    'interface ModelInfo {}',
    'type UsageData = {};',
    'export class TargetImpl<T> {}',
    'interface IClock {}',
  ])('refuses: %s', (text) => {
    expect(breaches('libs/a/src/a.ts', text)).toHaveLength(1);
  });

  it.each([
    'interface Idle {}',
    'type InFlight = number;',
    '// class KeyManager',
    'const type = modelInfo;',
    'interface Database {}',
  ])('has nothing against: %s', (text) => {
    expect(breaches('libs/a/src/a.ts', text)).toEqual([]);
  });

  it('refuses a source file of more than four hundred lines, but not a test', () => {
    const long = 'a;\n'.repeat(401);
    expect(breaches('libs/a/src/a.ts', long)).toEqual([expect.stringContaining('401 lines')]);
    expect(breaches('libs/a/src/a.ts', 'a;\n'.repeat(400))).toEqual([]);
    expect(breaches('libs/a/src/a.test.ts', long)).toEqual([]);
  });
});
