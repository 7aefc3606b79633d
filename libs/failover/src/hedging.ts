/**
 * What a route knows and may do about hedging: how long a first token usually takes, and how many hedges it has left.
 * One object per route, for all its exchanges.
 *
 * First-token time grows with the prompt, so times are kept as if each prompt had 1,000 tokens, and are asked for the
 * size at hand.
 *
 * Only the first attempts of exchanges are learned from: later ones went to targets that were not the first choice. Not
 * all of them are seen to their end: the hedge won, the client left, a limit passed. Such a time is known to be longer
 * than the wait, no more. A wait beyond the quantile counts as a time of its own length: it is on the same side of the
 * quantile as the true time, and the side is all that a quantile asks for. So hedging does not talk its own limit down.
 * A wait below the quantile could be on either side and is left out.
 */
import type { Clock } from '@leeward/kernel';
import { promptFactor } from '@leeward/upstream';
import { FirstTokenQuantile } from './first-token-quantile.ts';
import { HedgeBudget } from './hedge-budget.ts';
import type { HedgeOptions } from './options.ts';

/** A quota that is not plenty is kept for requests that have no other attempt running. */
const MIN_HEADROOM = 0.9;

export class Hedging {
  readonly budget: HedgeBudget;
  readonly #quantile: FirstTokenQuantile;

  constructor(clock: Clock, options: HedgeOptions) {
    this.budget = new HedgeBudget(options.maxShare);
    this.#quantile = new FirstTokenQuantile(clock, options.quantile);
  }

  /** How long a first token may take before another target is asked too; undefined while too little is known. */
  patienceMs(promptTokens: number): number | undefined {
    const ms = this.#quantile.ms;
    return ms === undefined ? undefined : ms * promptFactor(promptTokens);
  }

  noteFirstToken(promptTokens: number, afterMs: number): void {
    this.#quantile.add(afterMs / promptFactor(promptTokens));
  }

  /** A first attempt ended before any content. */
  noteWait(promptTokens: number, waitedMs: number): void {
    const patienceMs = this.patienceMs(promptTokens);
    if (patienceMs !== undefined && waitedMs >= patienceMs) this.noteFirstToken(promptTokens, waitedMs);
  }
}

export function hasRoomForHedge(target: { readonly headroom: number }): boolean {
  return target.headroom > MIN_HEADROOM;
}
