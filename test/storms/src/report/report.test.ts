import { describe, expect, it } from 'vitest';
import { runSeed } from '../run-seed.ts';
import { withResults } from './docs.ts';
import { recordOf } from './record.ts';
import { svg } from './svg.ts';
import { claimsTable, percent, tables, textReport } from './tables.ts';

const record = recordOf(
  { seeds: 2, storms: ['S9'], writeDocs: false, check: false },
  new Map([['S9', [await runSeed({ storm: 'S9', seed: 1 }), await runSeed({ storm: 'S9', seed: 2 })]]]),
);

describe('the report of the storms', () => {
  it('has one table per storm with a row per router, and leaves out what the storm has nothing of', () => {
    const [table] = tables(record);
    expect(table?.rows).toHaveLength(9);
    expect(table?.columns).toContain('regret ms');
    // No key is bad in S9 and none is limited.
    expect(table?.columns).not.toContain('left after s');
    expect(table?.columns).not.toContain('quota used %');
    expect(textReport(record)).toContain('S9: a tenth of all streams break mid-way');
  });

  it('gives no regret to the clairvoyant that knows the dice, and some to every other router', () => {
    const regrets = record.storms[0]?.routers.map(({ router, regretMs }) => [router, regretMs] as const) ?? [];
    for (const [router, regretMs] of regrets) {
      if (router === 'lucky clairvoyant') expect(regretMs).toBe(0);
      else expect(regretMs).toBeGreaterThan(0);
    }
  });

  it('ends with the claims of Leeward and of Leeward with hedging, judged side by side', () => {
    const { title, columns, rows } = claimsTable(record);
    expect(title).toMatch(/^Claims: \d+ of 6 hold for leeward, \d+ of 6 hold for leeward, hedged$/);
    expect(columns).toEqual(['claim', 'bound', 'leeward', '', 'leeward, hedged', '']);
    // The p99 is compared with a bound of its own for each.
    expect(rows).toHaveLength(7);
    const p99 = rows.filter(([claim]) => claim === 'S9: p99, against the best opponent');
    expect(p99.map((row) => row.map((cell) => cell !== ''))).toEqual([
      [true, true, true, true, false, false],
      [true, true, false, false, true, true],
    ]);
    expect(textReport(record)).toContain('S9: gap at a break');
  });

  it('pools the first tokens of all seeds', () => {
    const { p99Ms, bySeed } = record.storms[0]?.routers[0] ?? { p99Ms: 0, bySeed: [] };
    const ofSeeds = bySeed.map((figures) => figures.p99Ms);
    expect(p99Ms).toBeGreaterThanOrEqual(Math.min(...ofSeeds));
    expect(p99Ms).toBeLessThanOrEqual(Math.max(...ofSeeds));
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
    expect(svg(record).match(/<rect /g)).toHaveLength(1 + 4 * 9);
  });
});
