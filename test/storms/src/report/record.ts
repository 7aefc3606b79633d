/** What a run leaves: every figure of every seed, and over the seeds one summary for each storm and router. */
import { type Figures, quantile, sum } from '../measures.ts';
import type { Plan } from '../plan.ts';
import { ROUTER_NAMES, type RouterName } from '../routers/all.ts';
import type { SeedFigures } from '../run-seed.ts';
import { STORMS } from '../storms/catalogue.ts';

export interface StormsRecord {
  readonly seeds: number;
  readonly storms: readonly StormSummary[];
}

interface StormSummary {
  readonly id: string;
  readonly title: string;
  readonly exchangesPerSeed: number;
  readonly routers: readonly RouterSummary[];
}

/** Means over the seeds; medians for the times, which a single odd seed would shift. */
export interface RouterSummary {
  readonly router: RouterName;
  readonly errorShare: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly wastedPer100: number;
  readonly limitedPer100: number;
  readonly quotaUsedShare: number | null;
  readonly leftAfterMs: number | null;
  readonly badShare: number | null;
  /** Mean cost of an exchange above the clairvoyant's. */
  readonly regretMs: number;
  readonly bySeed: readonly Figures[];
}

export function recordOf(plan: Plan, results: ReadonlyMap<string, readonly SeedFigures[]>): StormsRecord {
  const storms = STORMS.flatMap(({ id, title }) => {
    const seeds = results.get(id);
    if (seeds === undefined) return [];
    const exchangesPerSeed = Math.round(mean(seeds.map(({ leeward }) => leeward.exchanges)));
    return [{ id, title, exchangesPerSeed, routers: ROUTER_NAMES.map((router) => summary(router, seeds)) }];
  });
  return { seeds: plan.seeds, storms };
}

function summary(router: RouterName, seeds: readonly SeedFigures[]): RouterSummary {
  const bySeed = seeds.map((figures) => figures[router]);
  const errors: Record<string, number> = {};
  for (const figures of bySeed) {
    for (const [code, count] of Object.entries(figures.errors)) errors[code] = (errors[code] ?? 0) + count;
  }
  return {
    router,
    errorShare: mean(bySeed.map(({ errorShare }) => errorShare)),
    errors,
    p50Ms: median(bySeed.map(({ p50Ms }) => p50Ms)),
    p95Ms: median(bySeed.map(({ p95Ms }) => p95Ms)),
    p99Ms: median(bySeed.map(({ p99Ms }) => p99Ms)),
    wastedPer100: mean(bySeed.map(({ wastedPer100 }) => wastedPer100)),
    limitedPer100: mean(bySeed.map(({ limitedPer100 }) => limitedPer100)),
    quotaUsedShare: known(bySeed, ({ quotaUsedShare }) => quotaUsedShare, mean),
    leftAfterMs: known(bySeed, ({ leftAfterMs }) => leftAfterMs, median),
    badShare: known(bySeed, ({ badShare }) => badShare, mean),
    regretMs: mean(seeds.map((figures) => figures[router].meanCostMs - figures.clairvoyant.meanCostMs)),
    bySeed,
  };
}

function known(
  bySeed: readonly Figures[],
  of: (figures: Figures) => number | null,
  over: (values: readonly number[]) => number,
): number | null {
  const values = bySeed.flatMap((figures) => of(figures) ?? []);
  return values.length === 0 ? null : over(values);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = quantile(sorted, 0.5);
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] ?? upper)) / 2;
}
