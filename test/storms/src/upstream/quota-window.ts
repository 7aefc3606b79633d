/**
 * A vendor's count of one quota group and model, with both windows that Mistral is known for: requests by the wall
 * clock's minute, tokens over a sliding one. A refusal names only the rung that tripped, and never says when to return.
 */
import type { QuotaLimit } from '../storms/storm.ts';

const MINUTE_MS = 60_000;

export class QuotaWindow {
  readonly limit: QuotaLimit;
  #minute = -1;
  #requests = 0;
  /** Tokens by the time of their debit, oldest first. */
  readonly #debits: { readonly atMs: number; readonly tokens: number }[] = [];
  #oldest = 0;
  #tokens = 0;
  totalRequests = 0;
  totalTokens = 0;

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
    this.totalRequests++;
  }

  /** Tokens are charged when an answer ends. */
  debit(wallMs: number, tokens: number): void {
    this.#roll(wallMs);
    this.#debits.push({ atMs: wallMs, tokens });
    this.#tokens += tokens;
    this.totalTokens += tokens;
  }

  /** Share of what was allowed over a time. */
  usedShare(overMs: number): number {
    const minutes = overMs / MINUTE_MS;
    const { requestsPerMinute, tokensPerMinute } = this.limit;
    return Math.max(
      requestsPerMinute === undefined ? 0 : this.totalRequests / (requestsPerMinute * minutes),
      tokensPerMinute === undefined ? 0 : this.totalTokens / (tokensPerMinute * minutes),
    );
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
