/** What a run leaves: the summaries of its storms with every figure of every seed, and what they make of the claims. */
import type { Plan } from '../plan.ts';
import type { SeedResult } from '../run-seed.ts';
import { STORMS } from '../storms/catalogue.ts';
import { type Judgement, judge, SUBJECTS } from './claims.ts';
import { type StormSummary, summaryOf } from './summary.ts';

export interface StormsRecord {
  readonly seeds: number;
  readonly storms: readonly StormSummary[];
  readonly judgements: readonly Judgement[];
}

export function recordOf(plan: Plan, results: ReadonlyMap<string, readonly SeedResult[]>): StormsRecord {
  const storms = STORMS.flatMap(({ id }) => {
    const seeds = results.get(id);
    return seeds === undefined ? [] : [summaryOf(id, seeds)];
  });
  return { seeds: plan.seeds, storms, judgements: SUBJECTS.map((subject) => judge(storms, subject)) };
}
