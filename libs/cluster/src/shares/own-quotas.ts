/** What this peer has used of its quotas, and would use if it could. */
import type { Clock } from '@leeward/kernel';
import { Demand } from './demand.ts';
import type { LocalQuota } from '../local.ts';
import type { QuotaLimits } from './quota-share.ts';
import { MAX_ENTRIES, type QuotaUse } from '../shapes.ts';

interface Own {
  quota: LocalQuota;
  readonly requests: Demand;
  readonly tokens: Demand;
}

export class OwnQuotas {
  readonly #clock: Clock;
  readonly #quotas = new Map<string, Own>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Several times a second. */
  update(quotas: ReadonlyMap<string, LocalQuota>): void {
    for (const id of this.#quotas.keys()) if (!quotas.has(id)) this.#quotas.delete(id);
    for (const [id, quota] of quotas) {
      const own = this.#quotas.get(id) ?? { quota, requests: new Demand(this.#clock), tokens: new Demand(this.#clock) };
      own.quota = quota;
      own.requests.asked(quota.asked.requests, quota.asked.requests);
      own.tokens.asked(quota.asked.tokens, quota.asked.tokenSquares);
      if (this.#quotas.size < MAX_ENTRIES) this.#quotas.set(id, own);
    }
  }

  get limits(): ReadonlyMap<string, QuotaLimits> {
    return new Map(Array.from(this.#quotas, ([id, { quota }]) => [id, quota]));
  }

  /** As it is now. */
  get uses(): Readonly<Record<string, QuotaUse>> {
    const uses: Record<string, QuotaUse> = {};
    for (const [id, { quota, requests, tokens }] of this.#quotas) {
      uses[id] = {
        requests: quota.requests,
        tokens: quota.tokens,
        wantedRequestsPerMinute: requests.perMinute,
        wantedTokensPerMinute: tokens.perMinute,
      };
    }
    return uses;
  }
}
