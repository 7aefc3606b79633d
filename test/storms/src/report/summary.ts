/** From every figure of every seed to one summary for each storm and router. */
import type { ErrorFlaw } from '../exchange-record.ts';
import type { Figures, Measured } from '../measures/figures.ts';
import { mean, median, pooled, quantile, sum } from '../measures/statistics.ts';
import { ROUTER_NAMES, type RouterName } from '../routers/all.ts';
import type { SeedResult } from '../run-seed.ts';
import { STORMS } from '../storms/catalogue.ts';

export interface StormSummary {
  readonly id: string;
  readonly title: string;
  readonly exchangesPerSeed: number;
  readonly routers: readonly RouterSummary[];
}

/** One router's figures over all seeds, and those that only all seeds together have. */
export interface RouterSummary extends Omit<Figures, 'exchanges' | 'meanCostMs'> {
  readonly router: RouterName;
  /** Of all exchanges, those that failed being infinitely late; null when that is what it comes to. */
  readonly p99OfAllMs: number | null;
  /** Null where no stream broke and went on. */
  readonly gaps: GapSummary | null;
  /** Mean cost of an exchange above the lucky clairvoyant's; null without one to compare with. */
  readonly regretMs: number | null;
  readonly bySeed: readonly Figures[];
}

/** Gaps at a break, and the same as multiples of the first-token times of the exchanges that came in one piece. */
export interface GapSummary {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p50Ratio: number;
  readonly p95Ratio: number;
}

/** One storm over its seeds, each of which ran the same routers. */
export function summaryOf(id: string, seeds: readonly SeedResult[]): StormSummary {
  const routers = ROUTER_NAMES.flatMap((router) => {
    const measured = seeds.flatMap((seed) => seed[router] ?? []);
    return measured.length === 0 ? [] : [routerSummary(router, measured, seeds)];
  });
  return {
    id,
    title: STORMS.find((storm) => storm.id === id)?.title ?? id,
    exchangesPerSeed: Math.round(mean((routers[0]?.bySeed ?? []).map(({ exchanges }) => exchanges))),
    routers,
  };
}

/** Shares are means over the seeds, times are of the exchanges of all seeds together, and counts are sums. */
function routerSummary(router: RouterName, measured: readonly Measured[], seeds: readonly SeedResult[]): RouterSummary {
  const bySeed = measured.map(({ figures }) => figures);
  const average = (of: (figures: Figures) => number) => mean(bySeed.map(of));
  const errors: Record<string, number> = {};
  for (const figures of bySeed) {
    for (const [code, count] of Object.entries(figures.errors)) errors[code] = (errors[code] ?? 0) + count;
  }
  const limits = seeds.flatMap((seed) => seed['lucky clairvoyant']?.figures.meanCostMs ?? []);
  const flaw = (kind: ErrorFlaw) => sum(bySeed.map(({ flaws }) => flaws[kind]));
  const exchanges = sum(bySeed.map((figures) => figures.exchanges));
  const firstTokensMs = pooled(measured.map(({ samples }) => samples.firstTokensMs));
  return {
    router,
    errorShare: average(({ errorShare }) => errorShare),
    errors,
    flaws: { late: flaw('late'), untold: flaw('untold'), untrue: flaw('untrue') },
    p50Ms: quantile(firstTokensMs, 0.5),
    p95Ms: quantile(firstTokensMs, 0.95),
    p99Ms: quantile(firstTokensMs, 0.99),
    p99OfAllMs: firstTokensMs[Math.floor(0.99 * exchanges)] ?? null,
    wastedPer100: average(({ wastedPer100 }) => wastedPer100),
    hedgedPer100: average(({ hedgedPer100 }) => hedgedPer100),
    limitedPer100: average(({ limitedPer100 }) => limitedPer100),
    limitedShare: average(({ limitedShare }) => limitedShare),
    quotaUsedShare: known(bySeed, ({ quotaUsedShare }) => quotaUsedShare, mean),
    servedShare: known(bySeed, ({ servedShare }) => servedShare, mean),
    // A single odd seed would shift a mean.
    leftAfterMs: known(bySeed, ({ leftAfterMs }) => leftAfterMs, median),
    earlyShare: known(bySeed, ({ earlyShare }) => earlyShare, mean),
    badShare: known(bySeed, ({ badShare }) => badShare, mean),
    peakShares: known(bySeed, ({ peakShares }) => peakShares, worst),
    heededAfterMs: known(bySeed, ({ heededAfterMs }) => heededAfterMs, worst),
    unheededByOne: known(bySeed, ({ unheededByOne }) => unheededByOne, worst),
    newcomerBadShare: known(bySeed, ({ newcomerBadShare }) => newcomerBadShare, mean),
    gaps: gapSummary(measured),
    regretMs: limits.length === 0 ? null : average(({ meanCostMs }) => meanCostMs) - mean(limits),
    bySeed,
  };
}

function gapSummary(measured: readonly Measured[]): GapSummary | null {
  const gapsMs = pooled(measured.map(({ samples }) => samples.gapsMs));
  if (gapsMs.length === 0) return null;
  const unbrokenMs = pooled(measured.map(({ samples }) => samples.unbrokenMs));
  const [p50Ms, p95Ms] = [quantile(gapsMs, 0.5), quantile(gapsMs, 0.95)];
  return {
    p50Ms,
    p95Ms,
    p50Ratio: p50Ms / quantile(unbrokenMs, 0.5),
    p95Ratio: p95Ms / quantile(unbrokenMs, 0.95),
  };
}

function worst(values: readonly number[]): number {
  return Math.max(...values);
}

function known(
  bySeed: readonly Figures[],
  of: (figures: Figures) => number | null,
  over: (values: readonly number[]) => number,
): number | null {
  const values = bySeed.flatMap((figures) => of(figures) ?? []);
  return values.length === 0 ? null : over(values);
}
