/** From the records of a storm to its figures. */
import type { ErrorFlaw, ExchangeRecord, StormRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';
import { BadTraffic } from './bad-traffic.ts';
import { heedingOf } from './heeding.ts';
import { newcomerBadShare } from './newcomer.ts';
import { quotaUsedShare, servedShare } from './quota-figures.ts';
import { peakAfterRecovery } from './recovery.ts';
import { quantile, sum } from './statistics.ts';

export interface Figures {
  readonly exchanges: number;
  /** Exchanges that ended in an error that a client saw, by its code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly errorShare: number;
  readonly flaws: Readonly<Record<ErrorFlaw, number>>;
  /** Of the exchanges that did well. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Attempts that did not end well, per 100 exchanges. */
  readonly wastedPer100: number;
  /** Extra attempts by hedging, per 100 exchanges. */
  readonly hedgedPer100: number;
  /** Upstream 429s for a quota, per 100 exchanges. */
  readonly limitedPer100: number;
  /** The same, as a share of all attempts. */
  readonly limitedShare: number;
  /** Of the fleet's whole quota; null where nothing is limited. */
  readonly quotaUsedShare: number | null;
  /** Of what was both asked for and allowed; null where nothing is limited. */
  readonly servedShare: number | null;
  /** Null without a bad spell. */
  readonly leftAfterMs: number | null;
  /** Of first attempts, from 2 s to 10 s after the onset of a bad spell. */
  readonly earlyShare: number | null;
  /** Of first attempts, in the last two thirds of the bad spells. */
  readonly badShare: number | null;
  /** Most that a target got in 5 s after the recovery, in fair shares; null where nothing recovers together. */
  readonly peakShares: number | null;
  /** From one node's learning that a key is revoked to the last request of any to it; null where that does not happen. */
  readonly heededAfterMs: number | null;
  /** The most that one other node sent there after that. */
  readonly unheededByOne: number | null;
  /** Of first attempts by a node that has just started; null where none starts while a target is bad. */
  readonly newcomerBadShare: number | null;
  /** Mean cost of an exchange: its first token's time, or a failure's flat price. */
  readonly meanCostMs: number;
}

/** Kept apart from the figures, to be pooled over the seeds: a quantile of a tail wants many. */
export interface Samples {
  /** Of the exchanges that did well. */
  readonly firstTokensMs: Float64Array;
  /** Of those of them that came in one piece, in a storm of breaking streams. */
  readonly unbrokenMs: Float64Array;
  /** In a storm of breaking streams: from each break to the next content. */
  readonly gapsMs: Float64Array;
}

export interface Measured {
  readonly figures: Figures;
  readonly samples: Samples;
}

/** A failed exchange costs as much as a minute's wait: about what a person does before asking again in earnest. */
const FAILURE_COST_MS = 60_000;

export function measure(storm: Storm, record: StormRecord): Measured {
  const { exchanges } = record;
  const samples = samplesOf(storm, exchanges);
  const { firstTokensMs } = samples;
  const failed = exchanges.length - firstTokensMs.length;
  const bad = new BadTraffic(storm, record);
  const heeding = heedingOf(storm, record);
  const total = (of: (exchange: ExchangeRecord) => number) => sum(exchanges.map(of));
  const limited = total((exchange) => exchange.limited);
  const figures: Figures = {
    exchanges: exchanges.length,
    errors: countErrors(exchanges),
    errorShare: failed / exchanges.length,
    flaws: {
      late: exchanges.filter(({ flaw }) => flaw === 'late').length,
      untold: exchanges.filter(({ flaw }) => flaw === 'untold').length,
      untrue: exchanges.filter(({ flaw }) => flaw === 'untrue').length,
    },
    p50Ms: quantile(firstTokensMs, 0.5),
    p95Ms: quantile(firstTokensMs, 0.95),
    p99Ms: quantile(firstTokensMs, 0.99),
    wastedPer100: (100 * total(({ wasted }) => wasted)) / exchanges.length,
    hedgedPer100: (100 * total(({ hedged }) => hedged)) / exchanges.length,
    limitedPer100: (100 * limited) / exchanges.length,
    limitedShare:
      limited /
      Math.max(
        1,
        total(({ asked }) => asked.length),
      ),
    quotaUsedShare: quotaUsedShare(record.quotas),
    servedShare: servedShare(storm, record),
    leftAfterMs: bad.leftAfterMs(),
    earlyShare: bad.earlyShare(),
    badShare: bad.steadyShare(),
    peakShares: peakAfterRecovery(storm, record),
    heededAfterMs: heeding?.afterMs ?? null,
    unheededByOne: heeding?.mostByOne ?? null,
    newcomerBadShare: newcomerBadShare(storm, record),
    meanCostMs: (firstTokensMs.reduce((all, ms) => all + ms, 0) + failed * FAILURE_COST_MS) / exchanges.length,
  };
  return { figures, samples };
}

function samplesOf({ spells }: Storm, exchanges: readonly ExchangeRecord[]): Samples {
  const well = exchanges.filter(({ firstTokenMs }) => firstTokenMs !== undefined);
  // Elsewhere a few streams are cut by an onset: too few to tell their p95.
  const isAboutBreaks = spells.some(({ weather }) => weather.breakShare !== undefined);
  const gaps = isAboutBreaks ? well.flatMap(({ gapsMs }) => gapsMs) : [];
  const unbroken = gaps.length === 0 ? [] : well.filter(({ gapsMs }) => gapsMs.length === 0);
  return {
    firstTokensMs: Float64Array.from(well, ({ firstTokenMs }) => firstTokenMs ?? 0).sort(),
    unbrokenMs: Float64Array.from(unbroken, ({ firstTokenMs }) => firstTokenMs ?? 0).sort(),
    gapsMs: Float64Array.from(gaps).sort(),
  };
}

function countErrors(exchanges: readonly ExchangeRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error } of exchanges) {
    if (error !== '') counts[error] = (counts[error] ?? 0) + 1;
  }
  return counts;
}
