import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { configKeys } from './config-keys.ts';

const house = {
  'services/gateway/src/config/schema.ts': 'export const limitOptions = z.strictObject({\n  bodyBytes: z.int(),\n});',
  'libs/failover/src/options.ts': 'export const timeouts = z.strictObject({\n  totalMs: z.int(),\n});',
};
const breaches = (files: Record<string, string>): string[] => configKeys(treeOf({ ...house, ...files }));

describe('configKeys', () => {
  it('is content with keys that a schema has', () => {
    expect(breaches({ 'docs/a.md': 'Raise `limits.bodyBytes` or `timeouts.totalMs`.' })).toEqual([]);
    expect(breaches({ 'libs/kernel/src/errors.ts': "action: 'Raise limits.bodyBytes.'" })).toEqual([]);
  });

  it('refuses a key that no schema has, in a paper and in the advice of an error', () => {
    expect(breaches({ 'docs/a.md': 'Raise `limits.bodySize`.' })).toEqual([
      'docs/a.md: limits.bodySize is not in services/gateway/src/config/schema.ts',
    ]);
    expect(breaches({ 'libs/kernel/src/errors.ts': "action: 'Raise timeouts.wholeMs.'" })).toHaveLength(1);
  });

  it('takes file names and plain words for none', () => {
    expect(breaches({ 'docs/a.md': 'See `libs/limits.ts`, `limits.ts/x`, the limits.end.' })).toEqual([]);
  });
});
