/** What a vendor counts limits on, for one model: what is left by our count, and the wait it ordered by refusing. */
import type { Clock } from '@leeward/kernel';
import { Cooldown } from '../cooldown.ts';
import type { Outcome } from '../outcome.ts';
import { QuotaLedger } from './quota-ledger.ts';

/** Refusals in a row double the wait of a sliding window, up to half of it. */
const MAX_DOUBLINGS = 4;

export class Quota {
  readonly group: string;
  readonly cooldown: Cooldown;
  readonly ledger: QuotaLedger;
  /** In a row, each after the wait for the one before. */
  #refusals = 0;

  constructor(
    clock: Clock,
    group: string,
    limits: { readonly requestsPerMinute?: number | undefined; readonly tokensPerMinute?: number | undefined },
  ) {
    this.group = group;
    this.cooldown = new Cooldown(clock);
    this.ledger = new QuotaLedger(clock, limits);
  }

  /** The vendor refused. Refusals that come while a wait is on belong to the one that ordered it. */
  refused(outcome: Extract<Outcome, { kind: 'quota' }>): void {
    if (this.cooldown.active) {
      this.cooldown.order(outcome.retryAfterMs);
      return;
    }
    const doublings = outcome.rung === 'tokens' ? Math.min(MAX_DOUBLINGS, this.#refusals) : 0;
    this.cooldown.order(outcome.retryAfterMs * 2 ** doublings);
    this.#refusals++;
  }

  granted(): void {
    this.#refusals = 0;
  }
}
