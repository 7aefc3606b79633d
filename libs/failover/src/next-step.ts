/** What an outcome rules out for the rest of the exchange, and whether trying again can help at all. */
import type { Outcome } from '@leeward/upstream';

export type NextStep =
  | 'done'
  /** Another target of the pool, which may be of the same model. */
  | 'sibling'
  /** Another model or provider: every key would say the same of this one. */
  | 'other-model'
  /** Another model or provider where there is one; else a sibling, whose key's tier may still have room. */
  | 'other-model-first'
  /** The upstream's answer is the caller's to see. */
  | 'pass-through'
  | 'stop';

export function nextStep(outcome: Outcome): NextStep {
  switch (outcome.kind) {
    case 'ok':
      return 'done';
    // A quota's cooldown is shared by its group, so the siblings that remain available are those of other groups.
    case 'quota':
    case 'credentials':
      return 'sibling';
    case 'fault':
      if (outcome.reason === 'deadline') return 'stop';
      // A model that will not repeat a given beginning will not do so for another key.
      return outcome.reason === 'diverged' ? 'other-model' : 'sibling';
    case 'capacity':
      return 'other-model-first';
    case 'model-gone':
      return 'other-model';
    case 'caller-fault':
      return 'pass-through';
    case 'cancelled':
      return 'stop';
  }
}
