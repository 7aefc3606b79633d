/**
 * A vendor's count of one quota group and model, with both windows that Mistral is known for: requests by the wall
 * clock's minute, tokens over a sliding one. A refusal names only the rung that tripped, and never says when to return.
 */
import type { QuotaLimit } from '../storms/storm.ts';

const MINUTE_MS = 60_000;

/** What was made of one group's limit over a storm. */
export interface QuotaUse {
  readonly limit: QuotaLimit;
  /** Of what was allowed; a vendor that charges at the end lets a little more than all be used. */
  readonly usedShare: number;
}

export class QuotaWindow {
  readonly limit: QuotaLimit;
  #minute = -1;
  #requests = 0;
  /** Tokens by the time of their debit, oldest first. */
  readonly #debits: { readonly atMs: number; readonly tokens: number }[] = [];
  #oldest = 0;
  #tokens = 0;
  /** By the number of the wall clock's minute; as many as a storm has. */
  readonly #used = new Map<number, { requests: number; tokens: number }>();

  constructor(limit: QuotaLimit) {
    this.limit = limit;
  }

  /** The headers of the refusal that a request would get now; undefined when there is room. */
  refusal(wallMs: number): Readonly<Record<string, string>> | undefined {
    this.#roll(wallMs);
    const { requestsPerMinute, tokensPerMinute } = this.limit;
    if (requestsPerMinute !== undefined && this.#requests >= requestsPerMinute) {
      return {
        'x-ratelimit-limit-req-minute': String(requestsPerMinute),
        'x-ratelimit-remaining-req-minute': '0',
      };
    }
    if (tokensPerMinute !== undefined && this.#tokens >= tokensPerMinute) {
      return {
        'x-ratelimit-limit-tokens-minute': String(tokensPerMinute),
        'x-ratelimit-remaining-tokens-minute': '0',
      };
    }
    return undefined;
  }

  accept(wallMs: number): void {
    this.#roll(wallMs);
    this.#requests++;
    this.#usedIn(wallMs).requests++;
  }

  /** Tokens are charged when an answer ends. */
  debit(wallMs: number, tokens: number): void {
    this.#roll(wallMs);
    this.#debits.push({ atMs: wallMs, tokens });
    this.#tokens += tokens;
    this.#usedIn(wallMs).tokens += tokens;
  }

  /**
   * Over the whole minutes of the wall clock in a time, of the fuller rung. Parts of a minute are left out: they would be
   * measured against a whole minute's requests or against none.
   */
  use(fromWallMs: number, untilWallMs: number): QuotaUse {
    const first = Math.ceil(fromWallMs / MINUTE_MS);
    const minutes = Math.floor(untilWallMs / MINUTE_MS) - first;
    let requests = 0;
    let tokens = 0;
    for (let minute = first; minute < first + minutes; minute++) {
      requests += this.#used.get(minute)?.requests ?? 0;
      tokens += this.#used.get(minute)?.tokens ?? 0;
    }
    const { requestsPerMinute = Number.POSITIVE_INFINITY, tokensPerMinute = Number.POSITIVE_INFINITY } = this.limit;
    const usedShare = Math.max(requests / requestsPerMinute, tokens / tokensPerMinute) / Math.max(1, minutes);
    return { limit: this.limit, usedShare };
  }

  #usedIn(wallMs: number): { requests: number; tokens: number } {
    const minute = Math.floor(wallMs / MINUTE_MS);
    const used = this.#used.get(minute) ?? { requests: 0, tokens: 0 };
    this.#used.set(minute, used);
    return used;
  }

  #roll(wallMs: number): void {
    const minute = Math.floor(wallMs / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#requests = 0;
    }
    for (;;) {
      const debit = this.#debits[this.#oldest];
      if (debit === undefined || debit.atMs > wallMs - MINUTE_MS) return;
      this.#tokens -= debit.tokens;
      this.#oldest++;
    }
  }
}
