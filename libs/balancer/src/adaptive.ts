/**
 * A few choices: draws candidates in proportion to weight and takes the one with the smallest load. A few are enough to
 * stay away from what is slow or ill, and not so many that nodes which see the same figures all run to the same target
 * (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
 *
 * Loads that are nearly equal decide nothing: the earlier draw wins, and with it the operator's weights.
 */
import type { Rng } from '@leeward/kernel';
import { type Candidate, isEligible, type Picker, type Skip } from './picker.ts';
import { drawWeighted } from './weighted-random.ts';

/**
 * Pools of keys are small: of two draws among five, one in ten is the ill target and one that has a bad moment. A third
 * halved what an ill target got in the storms (docs/routing.md); a fourth gained nothing.
 */
const CHOICES = 3;

/** Less than the noise of a learned first-token time. */
const ALIKE = 1.1;

/**
 * Draws by trial before all candidates are looked at. In a healthy pool of equal weights the first trial succeeds, so
 * that a pick among hundreds costs what one among four does; with half of a pool unavailable, one pick in 256 looks at all.
 */
const TRIALS = 8;

export function adaptivePicker(rng: Rng): Picker {
  return {
    name: 'adaptive',
    pick<C extends Candidate>(candidates: readonly C[], skip: Skip<C>): C | undefined {
      const heaviest = greatestWeight(candidates);
      let best = draw(rng, candidates, skip, heaviest, undefined);
      for (let choice = 2; choice <= CHOICES && best !== undefined; choice++) {
        const other = draw(rng, candidates, skip, heaviest, best);
        if (other === undefined) break;
        if (other.load * ALIKE < best.load) best = other;
      }
      return best;
    },
  };
}

/** One in proportion to weight: by rejection while that is quick, else by a pass over all. */
function draw<C extends Candidate>(
  rng: Rng,
  candidates: readonly C[],
  skip: Skip<C>,
  heaviest: number,
  but: C | undefined,
): C | undefined {
  for (let trial = 0; trial < TRIALS; trial++) {
    const candidate = candidates[Math.floor(rng() * candidates.length)];
    if (candidate === undefined) return undefined;
    if (candidate.weight < heaviest && rng() * heaviest >= candidate.weight) continue;
    if (candidate !== but && isEligible(candidate, skip)) return candidate;
  }
  return drawWeighted(rng, candidates, skip, but);
}

function greatestWeight(candidates: readonly Candidate[]): number {
  let heaviest = 0;
  for (const { weight } of candidates) if (weight > heaviest) heaviest = weight;
  return heaviest;
}
