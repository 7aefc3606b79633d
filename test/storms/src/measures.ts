/** From the records of a storm to its figures. */
import type { ExchangeRecord, StormRecord } from './run-storm.ts';
import type { Storm } from './storms/storm.ts';
import type { Spell } from './storms/weather.ts';

export interface Figures {
  readonly exchanges: number;
  /** Exchanges that ended in an error that a client saw, by its code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly errorShare: number;
  /** Of the exchanges that did well. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Attempts that gave a client nothing, per 100 exchanges. */
  readonly wastedPer100: number;
  /** Upstream 429s for a quota, per 100 exchanges. */
  readonly limitedPer100: number;
  /** Mean over the limited quota groups; null where nothing is limited. */
  readonly quotaUsedShare: number | null;
  /** Mean over the spells of a bad target; a spell that was never left counts with its length. Null without such a spell. */
  readonly leftAfterMs: number | null;
  /** Of first attempts, in the last two thirds of the bad spells. */
  readonly badShare: number | null;
  /** Mean cost of an exchange: its first token's time, or a failure's flat price. */
  readonly meanCostMs: number;
}

/** A failed exchange costs as much as a minute's wait: about what a person does before asking again in earnest. */
const FAILURE_COST_MS = 60_000;

/** New traffic goes to a target no longer when fewer than one in a hundred does so over this time. */
const LEFT_WINDOW_MS = 5000;
const LEFT_SHARE = 0.01;

export function measure(storm: Storm, record: StormRecord): Figures {
  const { exchanges, quotaUsed } = record;
  const firstTokens = exchanges.flatMap(({ firstTokenMs }) => firstTokenMs ?? []).sort((a, b) => a - b);
  const failed = exchanges.length - firstTokens.length;
  const bad = new BadTraffic(storm, record);
  return {
    exchanges: exchanges.length,
    errors: countErrors(exchanges),
    errorShare: failed / exchanges.length,
    p50Ms: quantile(firstTokens, 0.5),
    p95Ms: quantile(firstTokens, 0.95),
    p99Ms: quantile(firstTokens, 0.99),
    wastedPer100: (100 * sum(exchanges.map(({ wasted }) => wasted))) / exchanges.length,
    limitedPer100: (100 * sum(exchanges.map(({ limited }) => limited))) / exchanges.length,
    quotaUsedShare: quotaUsed.length === 0 ? null : sum(quotaUsed) / quotaUsed.length,
    leftAfterMs: bad.leftAfterMs(),
    badShare: bad.steadyShare(),
    meanCostMs: (sum(firstTokens) + failed * FAILURE_COST_MS) / exchanges.length,
  };
}

/** Of targets that are bad at the same time, all are one: `targets` are numbers into the record's. */
interface BadSpell {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly targets: ReadonlySet<number>;
}

class BadTraffic {
  readonly #exchanges: readonly ExchangeRecord[];
  readonly #spells: readonly BadSpell[];

  constructor(storm: Storm, { exchanges, targets }: StormRecord) {
    this.#exchanges = exchanges;
    const numbers = new Map(targets.map((target, number) => [target, number]));
    const byTime = Map.groupBy(
      storm.spells.filter(({ isBad }) => isBad),
      ({ fromMs, untilMs }: Spell) => `${fromMs}-${untilMs}`,
    );
    this.#spells = [...byTime.values()].flatMap((spells) => {
      const [first] = spells;
      if (first === undefined) return [];
      const hit = spells.flatMap(({ target }) => numbers.get(target) ?? []);
      return [{ fromMs: first.fromMs, untilMs: first.untilMs, targets: new Set(hit) }];
    });
  }

  leftAfterMs(): number | null {
    if (this.#spells.length === 0) return null;
    return sum(this.#spells.map((spell) => this.#leftAfterMs(spell))) / this.#spells.length;
  }

  steadyShare(): number | null {
    let steady = 0;
    let hits = 0;
    for (const { fromMs, untilMs, targets } of this.#spells) {
      for (const { asked } of this.#within(fromMs + (untilMs - fromMs) / 3, untilMs)) {
        steady++;
        if (targets.has(asked[0] ?? -1)) hits++;
      }
    }
    return steady === 0 ? null : hits / steady;
  }

  /** The earliest moment, at the onset or just after a hit, from which a window has too few hits to count. */
  #leftAfterMs({ fromMs, untilMs, targets }: BadSpell): number {
    const traffic = this.#within(fromMs, untilMs);
    const isHit = ({ asked }: ExchangeRecord) => targets.has(asked[0] ?? -1);
    let afterMs = fromMs;
    for (;;) {
      const toMs = Math.min(untilMs, afterMs + LEFT_WINDOW_MS);
      const window = traffic.filter(({ atMs }) => atMs > afterMs && atMs < toMs);
      const hits = window.filter(isHit);
      const [first] = hits;
      if (first === undefined || hits.length < LEFT_SHARE * window.length) return afterMs - fromMs;
      afterMs = first.atMs;
    }
  }

  #within(fromMs: number, untilMs: number): readonly ExchangeRecord[] {
    return this.#exchanges.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs);
  }
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function countErrors(exchanges: readonly ExchangeRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error } of exchanges) {
    if (error !== '') counts[error] = (counts[error] ?? 0) + 1;
  }
  return counts;
}
