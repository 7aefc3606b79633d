/**
 * How much repeating a node may do. Each exchange pays in a share of a retry, and going over the pools once more takes
 * one out, so that an outage can never multiply the traffic by more than that share (finagle's RetryBudget). A small
 * floor per second lets a quiet node retry at all.
 *
 * In a cluster the budget is the whole fleet's: a node is given its share of it, in retries per second, and tells what it
 * has earned and spent.
 *
 * Not charged: the first attempt at a sibling or at the next pool. It goes to a target that has not failed this
 * exchange, its number is bounded by the route, and breakers keep it off targets known to be ill.
 */
import type { Clock } from '@leeward/kernel';

interface RetryBudgetOptions {
  /** Share of exchanges that may be repeated. A fifth doubles nothing, yet covers any fault rate worth retrying. */
  readonly share: number;
  /** Retries per second that are always allowed. */
  readonly perSecond: number;
  /** Unspent retries that are kept, at the most: twenty seconds of the floor. */
  readonly maxBalance: number;
}

export const RETRY_BUDGET: RetryBudgetOptions = { share: 0.2, perSecond: 10, maxBalance: 200 };

/** The floor alone fills the balance within this, so that a node that is the whole fleet keeps as much as one alone. */
const SAVED_SECONDS = RETRY_BUDGET.maxBalance / RETRY_BUDGET.perSecond;

export class RetryBudget {
  readonly #clock: Clock;
  readonly #options: RetryBudgetOptions;
  #balance: number;
  #refilledAtMs: number;
  /** This node's share of a fleet's budget; undefined when it is alone. */
  #sharedPerSecond: number | undefined;
  #earned = 0;
  #spent = 0;
  #denied = 0;

  constructor(clock: Clock, options: RetryBudgetOptions = RETRY_BUDGET) {
    this.#clock = clock;
    this.#options = options;
    this.#balance = options.perSecond;
    this.#refilledAtMs = clock.nowMs();
  }

  get balance(): number {
    this.#refill();
    return this.#balance;
  }

  /** Retries that were wanted and not given, since the start. */
  get denied(): number {
    return this.#denied;
  }

  deposit(): void {
    this.#earned += this.#options.share;
    if (this.#sharedPerSecond !== undefined) return;
    this.#balance = Math.min(this.#most, this.#balance + this.#options.share);
  }

  /** What the node may repeat from now on, its own exchanges' part included. */
  share(perSecond: number): void {
    this.#refill();
    this.#sharedPerSecond = perSecond;
  }

  /** Retries earned by exchanges and spent, since the last call. */
  take(): { readonly earned: number; readonly spent: number } {
    const taken = { earned: this.#earned, spent: this.#spent };
    this.#earned = 0;
    this.#spent = 0;
    return taken;
  }

  withdraw(): boolean {
    this.#refill();
    if (this.#balance < 1) {
      this.#denied++;
      return false;
    }
    this.#balance -= 1;
    this.#spent++;
    return true;
  }

  #refill(): void {
    const nowMs = this.#clock.nowMs();
    const earned = ((nowMs - this.#refilledAtMs) / 1000) * (this.#sharedPerSecond ?? this.#options.perSecond);
    this.#refilledAtMs = nowMs;
    this.#balance = Math.min(this.#most, this.#balance + earned);
  }

  /** What every node of a large fleet saves up, all may spend at once: so of a share it is less. */
  get #most(): number {
    const { maxBalance } = this.#options;
    if (this.#sharedPerSecond === undefined) return maxBalance;
    return Math.min(maxBalance, Math.max(1, SAVED_SECONDS * this.#sharedPerSecond));
  }
}
