import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { hiddenInputs } from './hidden-inputs.ts';

const breaches = (path: string, text: string): string[] => hiddenInputs(treeOf({ [path]: text }));

describe('hiddenInputs', () => {
  it.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const now = new Date;',
    'setTimeout(run, 5);',
    'const handle = setInterval(run, 5);',
    'later(setTimeout);',
    'const t = performance.now();',
    'const n = Math.random();',
    'const s = AbortSignal.timeout(5);',
    'const t = process.hrtime.bigint();',
    'const s = `${Date.now()}`;',
    "import { setTimeout } from 'node:timers/promises';",
    'const p = process.env.PORT;',
    "const p = process['env'];",
    'const { env } = process;',
    "import { env } from 'node:process';",
  ])('refuses in a lib: %s', (text) => {
    expect(breaches('libs/upstream/src/target.ts', text).length).toBeGreaterThan(0);
  });

  it.each([
    '// Never Date.now here.',
    "const words = 'Math.random';",
    'const when = new Date(clock.wallMs());',
    'const when = Date.parse(header);',
    'clock.setTimeout(run);',
    'process.memoryUsage();',
  ])('has nothing against: %s', (text) => {
    expect(breaches('libs/upstream/src/target.ts', text)).toEqual([]);
  });

  it('lets the clock, the Rng and tests use the real ones', () => {
    expect(breaches('libs/kernel/src/clock.ts', 'Date.now(); setTimeout(run, 1);')).toEqual([]);
    expect(breaches('libs/kernel/src/rng.ts', 'Math.random();')).toEqual([]);
    expect(breaches('libs/upstream/src/target.test.ts', 'Date.now(); process.env.X;')).toEqual([]);
  });

  it('lets two files of the services read the environment, and no other', () => {
    expect(breaches('services/gateway/src/config/environment.ts', 'process.env.X;')).toEqual([]);
    expect(breaches('services/mistral-sim/src/cli.ts', 'process.env.X;')).toEqual([]);
    expect(breaches('services/gateway/src/main.ts', 'process.env.X;')).toHaveLength(1);
    expect(breaches('services/gateway/src/main.ts', 'setTimeout(run, 5);')).toEqual([]);
  });
});
