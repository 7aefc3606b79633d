/**
 * How much new traffic goes to targets that are bad: at once, soon after the onset, and in the long run. An exchange
 * counts by the target it is sent to first.
 */
import type { ExchangeRecord, StormRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';
import type { Spell } from '../storms/weather.ts';
import { mean, placeOf } from './statistics.ts';

/** New traffic goes to a target no longer when fewer than one in a hundred does so over this time. */
const LEFT_WINDOW_MS = 5000;
const LEFT_SHARE = 0.01;

/** By two seconds after the onset a router can have known: several requests have failed, or are long overdue. */
const EARLY_FROM_MS = 2000;
/** Long enough to count one in a hundred, short enough to be about the beginning. */
const EARLY_UNTIL_MS = 10_000;

/** Of targets that are bad at the same time, all are one: `isHit` says whether an exchange went to one of them. */
interface BadSpell {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isHit: (exchange: ExchangeRecord) => boolean;
}

export class BadTraffic {
  readonly #exchanges: readonly ExchangeRecord[];
  readonly #times: Float64Array;
  readonly #spells: readonly BadSpell[];

  /** The record's exchanges are in order of time. */
  constructor(storm: Storm, { exchanges, targets }: StormRecord) {
    this.#exchanges = exchanges;
    this.#times = Float64Array.from(exchanges, ({ atMs }) => atMs);
    const numbers = new Map(targets.map((target, number) => [target, number]));
    const byTime = Map.groupBy(
      storm.spells.filter(({ isBad }) => isBad),
      ({ fromMs, untilMs }: Spell) => `${fromMs}-${untilMs}`,
    );
    this.#spells = [...byTime.values()].flatMap((spells) => {
      const [first] = spells;
      if (first === undefined) return [];
      const bad = new Set(spells.flatMap(({ target }) => numbers.get(target) ?? []));
      const isHit = ({ asked }: ExchangeRecord) => bad.has(asked[0] ?? -1);
      return [{ fromMs: first.fromMs, untilMs: first.untilMs, isHit }];
    });
  }

  /** Mean over the spells; one that was never left counts with its length. Null without a spell. */
  leftAfterMs(): number | null {
    if (this.#spells.length === 0) return null;
    return mean(this.#spells.map((spell) => this.#leftAfterMs(spell)));
  }

  /** From 2 s to 10 s after the onset. */
  earlyShare(): number | null {
    return this.#share((fromMs, untilMs) => [fromMs + EARLY_FROM_MS, Math.min(untilMs, fromMs + EARLY_UNTIL_MS)]);
  }

  /** In the last two thirds of the bad time. */
  steadyShare(): number | null {
    return this.#share((fromMs, untilMs) => [fromMs + (untilMs - fromMs) / 3, untilMs]);
  }

  #share(partOf: (fromMs: number, untilMs: number) => readonly [fromMs: number, untilMs: number]): number | null {
    let all = 0;
    let hits = 0;
    for (const { fromMs, untilMs, isHit } of this.#spells) {
      const part = this.#within(...partOf(fromMs, untilMs));
      all += part.length;
      hits += part.filter(isHit).length;
    }
    return all === 0 ? null : hits / all;
  }

  /** The earliest moment, at the onset or just after a hit, from which a window has too few hits to count. */
  #leftAfterMs({ fromMs, untilMs, isHit }: BadSpell): number {
    const hits = Float64Array.from(this.#within(fromMs, untilMs).filter(isHit), ({ atMs }) => atMs);
    for (let afterMs = fromMs; ; ) {
      const toMs = Math.min(untilMs, afterMs + LEFT_WINDOW_MS);
      const next = placeAfter(hits, afterMs);
      const count = placeOf(hits, toMs) - next;
      const traffic = placeOf(this.#times, toMs) - placeAfter(this.#times, afterMs);
      const first = hits[next];
      if (first === undefined || count <= 0 || count < LEFT_SHARE * traffic) return afterMs - fromMs;
      afterMs = first;
    }
  }

  #within(fromMs: number, untilMs: number): readonly ExchangeRecord[] {
    return this.#exchanges.slice(placeOf(this.#times, fromMs), placeOf(this.#times, untilMs));
  }
}

function placeAfter(sorted: Float64Array, value: number): number {
  const place = placeOf(sorted, value);
  return sorted[place] === value ? place + 1 : place;
}
