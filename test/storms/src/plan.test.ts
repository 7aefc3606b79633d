import { describe, expect, it } from 'vitest';
import { readPlan } from './plan.ts';

describe('the plan of a run', () => {
  it('is every storm with twenty seeds unless said otherwise', () => {
    expect(readPlan([])).toMatchObject({ seeds: 20, writeDocs: false, check: false });
    expect(readPlan([]).storms).toHaveLength(16);
  });

  it('takes fewer seeds, and only the storms that are named', () => {
    expect(readPlan(['--quick', '--only', 'S4,S1'])).toMatchObject({ seeds: 3, storms: ['S1', 'S4'] });
    expect(readPlan(['--check']).check).toBe(true);
    expect(readPlan(['--seeds', '7']).seeds).toBe(7);
  });

  it('refuses what it does not know, by name', () => {
    expect(() => readPlan(['--fast'])).toThrow('unknown argument --fast');
    expect(() => readPlan(['--only', 'S99'])).toThrow('no storm S99');
    expect(() => readPlan(['--seeds', '0'])).toThrow('found 0');
  });
});
