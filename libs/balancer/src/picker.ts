/** What a picker may know of a target. Targets satisfy it; so do the toys of its tests. */
export interface Candidate {
  readonly id: string;
  /** The operator's share among siblings; 0 is out of rotation. */
  readonly weight: number;
  /** May be asked now. */
  readonly available: boolean;
  /** Smaller is better; only comparable within one pool. */
  readonly load: number;
  /** Requests running now. */
  readonly inFlight: number;
}

export interface Picker {
  readonly name: string;
  /**
   * One of the candidates that are available, have a weight and are not skipped; undefined when there is none.
   * Allocates nothing that lasts, and keeps no candidate alive.
   * @param affinity requests with the same one are better served by the same target; a wish, never an order
   */
  pick<C extends Candidate>(candidates: readonly C[], skip: Skip<C>, affinity?: string): C | undefined;
}

/** What this exchange must not be given again: tried in this pass, or ruled out by an outcome. */
export type Skip<C> = (candidate: C) => boolean;

export function isEligible<C extends Candidate>(candidate: C, skip: Skip<C>): boolean {
  return candidate.weight > 0 && !skip(candidate) && candidate.available;
}
