/**
 * Chooses at random in proportion to weight. One pass, no allocation: each eligible candidate takes the place of the
 * one held so far with probability weight ÷ (sum of weights up to and including it), which leaves every candidate
 * chosen with probability weight ÷ total (weighted reservoir sampling with a reservoir of one; Chao, 1982).
 */
import type { Rng } from '@leeward/kernel';
import { type Candidate, isEligible, type Picker, type Skip } from './picker.ts';

export function weightedRandomPicker(rng: Rng): Picker {
  return {
    name: 'weighted-random',
    pick: (candidates, skip) => drawWeighted(rng, candidates, skip, undefined),
  };
}

/** One of the eligible candidates but `but`, in proportion to weight. */
export function drawWeighted<C extends Candidate>(
  rng: Rng,
  candidates: readonly C[],
  skip: Skip<C>,
  but: C | undefined,
): C | undefined {
  let chosen: C | undefined;
  let total = 0;
  for (const candidate of candidates) {
    if (candidate === but || !isEligible(candidate, skip)) continue;
    total += candidate.weight;
    if (chosen === undefined || rng() * total < candidate.weight) chosen = candidate;
  }
  return chosen;
}
