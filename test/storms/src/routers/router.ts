/**
 * A way to choose, in the seat of Leeward's picker. Every router runs in the same failover loop with the same retries,
 * timeouts and stream recovery; what differs is the pick and what is remembered for it.
 */
import type { Candidate, Picker, Skip } from '@leeward/balancer';
import type { AttemptReport } from '@leeward/failover';
import type { Clock, Rng } from '@leeward/kernel';
import type { ModelledTarget } from '../upstream/modelled-target.ts';
import type { Call } from '../traffic.ts';

export interface RouterDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** The truth about a target: for the clairvoyants alone. */
  readonly target: (id: string) => ModelledTarget;
  /** The targets of each pool in the operator's order: for the same. */
  readonly pools: () => readonly (readonly string[])[];
}

export interface Router {
  /** Whether Leeward's own breakers, cooldowns and counts of quotas stand behind the picker; all others do without. */
  readonly isLeeward: boolean;
  /** Whether its route hedges. */
  readonly hedges?: boolean;
  pickerFor(call: Call): Picker;
  started?(target: string): void;
  ended?(target: string, report: Omit<AttemptReport, 'member'>): void;
}

/** A picker from a choice among the candidates that may be asked. */
export function picking(name: string, choose: <C extends Candidate>(eligible: readonly C[]) => C | undefined): Picker {
  return {
    name,
    pick<C extends Candidate>(candidates: readonly C[], skip: Skip<C>): C | undefined {
      return choose(candidates.filter((one) => one.weight > 0 && !skip(one) && one.available));
    },
  };
}

/** One at random, each in proportion to what `weigh` gives it. */
export function weighted<C>(rng: Rng, candidates: readonly C[], weigh: (candidate: C) => number): C | undefined {
  let total = 0;
  for (const candidate of candidates) total += weigh(candidate);
  let left = rng() * total;
  for (const candidate of candidates) {
    left -= weigh(candidate);
    if (left < 0) return candidate;
  }
  return candidates.at(-1);
}
