/** A weighted median: what no minority of the weight can move beyond what the others say. */

export interface Weighed {
  readonly value: number;
  readonly weight: number;
}

/** The least value with at least half of the weight at or below it; undefined without any weight. */
export function median(weighed: readonly Weighed[]): number | undefined {
  const half = weighed.reduce((sum, { weight }) => sum + weight, 0) / 2;
  if (!(half > 0)) return undefined;
  let below = 0;
  let last: number | undefined;
  for (const { value, weight } of [...weighed].sort((one, other) => one.value - other.value)) {
    if (weight <= 0) continue;
    below += weight;
    last = value;
    if (below >= half) return value;
  }
  // Sums of floats may end a hair below the half.
  return last;
}
