import { describe, expect, it } from 'vitest';
import { runSeed } from '../run-seed.ts';
import { withResults } from './docs.ts';
import { recordOf } from './record.ts';
import { svg } from './svg.ts';
import { percent, tables, textReport } from './tables.ts';

const record = recordOf(
  { seeds: 2, storms: ['S9'], writeDocs: false },
  new Map([['S9', [await runSeed({ storm: 'S9', seed: 1 }), await runSeed({ storm: 'S9', seed: 2 })]]]),
);

describe('the report of the storms', () => {
  it('has one table per storm with a row per router, and leaves out what the storm has nothing of', () => {
    const [table] = tables(record);
    expect(table?.rows).toHaveLength(7);
    expect(table?.columns).toContain('regret ms');
    // No key is bad in S9 and none is limited.
    expect(table?.columns).not.toContain('left after s');
    expect(table?.columns).not.toContain('quota used %');
    expect(textReport(record)).toContain('S9: a tenth of all streams break mid-way');
  });

  it('gives the clairvoyant no regret', () => {
    expect(record.storms[0]?.routers.find(({ router }) => router === 'clairvoyant')?.regretMs).toBe(0);
  });

  it('tells a few errors from none', () => {
    expect([0, 0.00001, 0.0123].map(percent)).toEqual(['0', '<0.01', '1.23']);
  });

  it('replaces the block of a page and nothing else, as often as it is asked to', () => {
    const page = 'before\n<!-- storms:begin -->\nold\n<!-- storms:end -->\nafter\n';
    const once = withResults(page, record);
    expect(once).toMatch(/^before\n<!-- storms:begin -->\n2 seeds[\s\S]*\n<!-- storms:end -->\nafter\n$/);
    expect(once).not.toContain('old');
    expect(withResults(once, record)).toBe(once);
    expect(() => withResults('no block', record)).toThrow('no block');
  });

  it('draws a bar for each router in each of four panels', () => {
    expect(svg(record).match(/<rect /g)).toHaveLength(1 + 4 * 7);
  });
});
