/** Chooses the candidate with the fewest running requests for its weight; ties at random, in proportion to weight. */
import type { Rng } from '@leeward/kernel';
import { type Candidate, isEligible, type Picker, type Skip } from './picker.ts';

export function leastInFlightPicker(rng: Rng): Picker {
  return {
    name: 'least-in-flight',
    pick<C extends Candidate>(candidates: readonly C[], skip: Skip<C>): C | undefined {
      let chosen: C | undefined;
      let least = Number.POSITIVE_INFINITY;
      let total = 0;
      for (const candidate of candidates) {
        if (!isEligible(candidate, skip)) continue;
        const { weight } = candidate;
        const inFlight = candidate.inFlight / weight;
        if (inFlight > least) continue;
        total = inFlight < least ? weight : total + weight;
        least = inFlight;
        if (total === weight || rng() * total < weight) chosen = candidate;
      }
      return chosen;
    },
  };
}
