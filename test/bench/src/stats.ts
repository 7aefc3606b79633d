/**
 * The few statistics the report needs. Medians over rounds, not means: one round disturbed by another process must not
 * move the figure. Ratios and differences are taken pair by pair within a round and only then summarised, so that a
 * machine that is slow for a whole round slows both sides of the pair and cancels out.
 */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Of samples taken by the dozen: the middle half of them. */
export interface Quartiles {
  median: number;
  lower: number;
  upper: number;
}

function sorted(values: readonly number[]): number[] {
  if (values.length === 0) throw new Error('no values');
  return values.toSorted((a, b) => a - b);
}

export function median(values: readonly number[]): number {
  const inOrder = sorted(values);
  const middle = inOrder.length >> 1;
  const upper = inOrder[middle] ?? Number.NaN;
  return inOrder.length % 2 === 1 ? upper : ((inOrder[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Nearest rank: always a value that was really seen. `share` in (0, 1]. */
export function percentile(values: readonly number[], share: number): number {
  const inOrder = sorted(values);
  const rank = Math.min(inOrder.length, Math.max(1, Math.ceil(share * inOrder.length)));
  return inOrder[rank - 1] ?? Number.NaN;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** One value per round, keyed by the round's number: rounds that one side missed pair with nothing. */
export type ByRound = ReadonlyMap<number, number>;

function paired(left: ByRound, right: ByRound, combine: (a: number, b: number) => number): number[] {
  const out: number[] = [];
  for (const [round, a] of left) {
    const b = right.get(round);
    if (b !== undefined) out.push(combine(a, b));
  }
  return out;
}

/** left ÷ right. */
export function pairedRatios(left: ByRound, right: ByRound): number[] {
  return paired(left, right, (a, b) => a / b).filter((ratio) => Number.isFinite(ratio));
}

/** left − right. */
export function pairedDifferences(left: ByRound, right: ByRound): number[] {
  return paired(left, right, (a, b) => a - b);
}
