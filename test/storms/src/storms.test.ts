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
import { lineupOf } from './routers/lineup.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { STORMS } from './storms/catalogue.ts';

const SEEDS = 3;
/** A spell's first seconds are a few hundred exchanges, of which one in a hundred is claimed. */
const STRUCK_SEEDS = 6;
const STRUCK = ['S1', 'S2', 'S4'];
/** What a hundred nodes say to each other takes minutes on a busy machine; two dozen say a sixteenth of it. */
const MOST_NODES = 25;

describe('Leeward in a storm', () => {
  it.each(STORMS.map((storm) => [storm.id, storm.title, storm]))('keeps its claims in %s: %s', async (id, _, full) => {
    const { nodes } = full;
    const storm = nodes === undefined || nodes.count <= MOST_NODES ? full : { ...full, nodes: { count: MOST_NODES } };
    const subjects = SUBJECTS.filter((name) => lineupOf(storm).includes(name));
    const routers = STRUCK.includes(id) ? [...subjects, ...OPPONENTS] : subjects;
    const results: SeedResult[] = [];
    const seeds = STRUCK.includes(id) ? STRUCK_SEEDS : SEEDS;
    for (let seed = 1; seed <= seeds; seed++) results.push(await runSeed({ storm, seed }, routers));
    const summary = summaryOf(id, results);
    for (const subject of subjects) {
      const claims = claimsOf(summary, subject).filter(({ text }) => !text.startsWith('p99'));
      expect(claims).not.toEqual([]);
      expect(claims.filter(({ holds }) => !holds).map((claim) => `${subject}, ${claimText(claim)}`)).toEqual([]);
    }
  });
});
