/**
 * How much hedging a route may do: each streamed exchange pays in a share of a hedge, and a hedge takes one out. So the
 * extra load is that share at the most, also when every target turns slow at once and everybody would hedge.
 */

/** What has been saved in calm is spent in bursts of this many at the most: a burst is how a slow target looks at first. */
const MAX_BALANCE = 5;

/** Begins as after this many exchanges: a route of little traffic may hedge early too, yet a share of 0 is 0. */
const EXCHANGES_TO_BEGIN_WITH = 20;

export class HedgeBudget {
  readonly #share: number;
  #balance: number;

  /** @param share hedges per exchange */
  constructor(share: number) {
    this.#share = share;
    this.#balance = Math.min(MAX_BALANCE, share * EXCHANGES_TO_BEGIN_WITH);
  }

  get balance(): number {
    return this.#balance;
  }

  deposit(): void {
    this.#balance = Math.min(MAX_BALANCE, this.#balance + this.#share);
  }

  withdraw(): boolean {
    if (this.#balance < 1) return false;
    this.#balance -= 1;
    return true;
  }
}
