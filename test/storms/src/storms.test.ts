/**
 * A shortened set of storms with fixed seeds, judged by the same claims with the same bounds as a full run, for Leeward
 * with and without hedging. Comparisons with other routers are left to the full run, but for the storms in which one key
 * is struck; so is every claim of a 99th percentile, which stands on a few stragglers until twenty seeds are put together.
 */
import { describe, expect, it } from 'vitest';
import { claimsOf, SUBJECTS } from './report/claims.ts';
import { OPPONENTS } from './report/comparisons.ts';
import { summaryOf } from './report/summary.ts';
import { claimText } from './report/tables.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { STORMS } from './storms/catalogue.ts';

const SEEDS = 3;
/** A spell's first seconds are a few hundred exchanges, of which one in a hundred is claimed. */
const STRUCK_SEEDS = 6;
const STRUCK = ['S1', 'S2', 'S4'];

describe('Leeward in a storm', () => {
  it.each(STORMS.map(({ id, title }) => [id, title]))('keeps its claims in %s: %s', async (storm) => {
    const routers = STRUCK.includes(storm) ? [...SUBJECTS, ...OPPONENTS] : SUBJECTS;
    const results: SeedResult[] = [];
    const seeds = STRUCK.includes(storm) ? STRUCK_SEEDS : SEEDS;
    for (let seed = 1; seed <= seeds; seed++) results.push(await runSeed({ storm, seed }, routers));
    const summary = summaryOf(storm, results);
    for (const subject of SUBJECTS) {
      const claims = claimsOf(summary, subject).filter(({ text }) => !text.startsWith('p99'));
      expect(claims).not.toEqual([]);
      expect(claims.filter(({ holds }) => !holds).map((claim) => `${subject}, ${claimText(claim)}`)).toEqual([]);
    }
  });
});
