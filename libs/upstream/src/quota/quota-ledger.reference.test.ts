/** The ledger against the plainest account there is: a list of all that happened. */
import { VirtualClock } from '@leeward/testkit';
import type { Usage } from '@leeward/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuotaLedger } from './quota-ledger.ts';

const MINUTE_MS = 60_000;

interface Limits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

function setUp(limits: Limits, wallMs: number) {
  const clock = new VirtualClock(wallMs);
  return { clock, ledger: new QuotaLedger(clock, limits) };
}

function usageOf(promptTokens: number, completionTokens: number, cachedTokens = 0): Usage {
  const totalTokens = promptTokens + completionTokens;
  return { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens: 0 };
}

const told = (what: 'limit' | 'remaining', rung: 'req' | 'tokens', value: number) => ({
  [`x-ratelimit-${what}-${rung}-minute`]: String(value),
});

/** All that happened, each by itself. */
class ListOfEvents {
  readonly #clock: VirtualClock;
  readonly #requests: { wallMinute: number }[] = [];
  readonly #spent: { atMs: number; tokens: number }[] = [];
  requestLimit: number | undefined;
  tokenLimit: number | undefined;

  constructor(clock: VirtualClock, limits: Limits) {
    this.#clock = clock;
    this.requestLimit = limits.requestsPerMinute;
    this.tokenLimit = limits.tokensPerMinute;
  }

  wallMinuteAt(atMs: number): number {
    return Math.floor((this.#clock.wallMs() - this.#clock.nowMs() + atMs) / MINUTE_MS);
  }

  get wallMinute(): number {
    return this.wallMinuteAt(this.#clock.nowMs());
  }

  get requests(): number {
    return this.#requests.filter(({ wallMinute }) => wallMinute === this.wallMinute).length;
  }

  /** What a vendor with a sliding window of so long counts now. */
  tokens(windowMs: number): number {
    const recent = this.#spent.filter(({ atMs }) => this.#clock.nowMs() - atMs < windowMs);
    return recent.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  request(): void {
    this.#requests.push({ wallMinute: this.wallMinute });
  }

  /** The vendor did not count a request; what it counted in a past minute matters no more. */
  refund(bookedAtMs: number): void {
    if (this.wallMinuteAt(bookedAtMs) !== this.wallMinute) return;
    this.#requests.splice(
      this.#requests.findIndex(({ wallMinute }) => wallMinute === this.wallMinute),
      1,
    );
  }

  /** A vendor that has so many requests left counts more than we made. */
  others(left: number, askedAtMs: number): void {
    if (this.wallMinuteAt(askedAtMs) !== this.wallMinute) return;
    while (this.requestLimit !== undefined && this.requests < this.requestLimit - left) this.request();
  }

  spend(tokens: number): void {
    this.#spent.push({ atMs: this.#clock.nowMs(), tokens });
  }

  /** When a vendor with a window of exactly a minute takes the next request. */
  get freeInMs(): number {
    const { requestLimit = Number.POSITIVE_INFINITY, tokenLimit = Number.POSITIVE_INFINITY } = this;
    const minuteMs = this.requests >= requestLimit ? MINUTE_MS - (this.#clock.wallMs() % MINUTE_MS) : 0;
    let tokens = this.tokens(MINUTE_MS);
    if (tokens < tokenLimit) return minuteMs;
    for (const { atMs, tokens: gone } of this.#spent.filter(({ atMs }) => this.#clock.nowMs() - atMs < MINUTE_MS)) {
      tokens -= gone;
      if (tokens < tokenLimit) return Math.max(minuteMs, atMs + MINUTE_MS - this.#clock.nowMs());
    }
    throw new Error('a limit of nothing is never free');
  }
}

describe('any sequence of attempts', () => {
  /** How much longer than the vendor the ledger may remember: it counts in slots. */
  const SLOT_AT_MOST_MS = 1000;

  const limit = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined });
  /** As headers tell it: nothing is the word for never, and no limit to count by. */
  const toldLimit = (max: number) => fc.option(fc.nat({ max }), { nil: undefined });
  const tokens = fc.nat({ max: 400 });
  const step = fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.nat({ max: 5000 }), fc.nat({ max: 90_000 })),
    kind: fc.constantFrom(
      'reserve',
      'reserve',
      'reserve',
      'settle',
      'settle-untold',
      'release',
      'refund',
      'limits',
      'others',
    ),
    place: fc.nat(),
    usage: fc.record({ prompt: tokens, completion: tokens, cached: tokens }),
    limits: fc.record({ requests: toldLimit(20), tokens: toldLimit(3000) }),
    left: fc.nat({ max: 20 }),
    /** How long before its headers came a request was sent. */
    agoMs: fc.oneof(fc.constant(0), fc.nat({ max: 90_000 })),
  });

  /** The same to both accounts. */
  function both(ledger: QuotaLedger, list: ListOfEvents, clock: VirtualClock) {
    const open: { reserved: number; bookedAtMs: number }[] = [];
    return (step_: typeof step extends fc.Arbitrary<infer Step> ? Step : never) => {
      const { kind, place, usage, limits, left, agoMs } = step_;
      switch (kind) {
        case 'reserve':
          open.push({ reserved: ledger.reserve(usage.prompt), bookedAtMs: clock.nowMs() });
          list.request();
          return;
        case 'settle':
        case 'settle-untold':
        case 'release':
        case 'refund': {
          const [attempt] = open.splice(place % Math.max(1, open.length), 1);
          if (attempt === undefined) return;
          if (kind === 'refund') {
            ledger.refund(attempt.reserved, attempt.bookedAtMs);
            list.refund(attempt.bookedAtMs);
          } else if (kind === 'release') {
            ledger.release(attempt.reserved);
          } else if (kind === 'settle-untold') {
            ledger.settle(attempt.reserved, undefined);
            list.spend(attempt.reserved);
          } else {
            ledger.settle(attempt.reserved, usageOf(usage.prompt, usage.completion, usage.cached));
            list.spend(Math.max(0, usage.prompt + usage.completion - usage.cached));
          }
          return;
        }
        case 'limits':
          ledger.observe(
            {
              ...(limits.requests === undefined ? {} : told('limit', 'req', limits.requests)),
              ...(limits.tokens === undefined ? {} : told('limit', 'tokens', limits.tokens)),
            },
            clock.nowMs() - agoMs,
          );
          list.requestLimit = limits.requests || list.requestLimit;
          list.tokenLimit = limits.tokens || list.tokenLimit;
          return;
        case 'others':
          ledger.observe(told('remaining', 'req', left), clock.nowMs() - agoMs);
          list.others(left, clock.nowMs() - agoMs);
          return;
      }
    };
  }

  it('is counted as in a list of events', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        limit(20),
        limit(3000),
        fc.nat({ max: MINUTE_MS }),
        async (steps, requestsPerMinute, tokensPerMinute, wallMs) => {
          const limits = {
            ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
            ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
          };
          const { clock, ledger } = setUp(limits, Date.UTC(2026, 0, 1) + wallMs);
          const list = new ListOfEvents(clock, limits);
          const take = both(ledger, list, clock);
          for (const one of steps) {
            await clock.advance(one.afterMs);
            take(one);
            checkAgainst(ledger, list);
          }
          // What the ledger says of its future comes true, to the millisecond; a vendor is never asked too soon.
          const { freeInMs } = ledger;
          expect(freeInMs > 0).toBe(ledger.isExhausted);
          expect(freeInMs).toBeGreaterThanOrEqual(list.freeInMs);
          expect(freeInMs).toBeLessThanOrEqual(list.freeInMs + SLOT_AT_MOST_MS);
          expect(ledger.surelyFreeInMs > 0).toBe(ledger.isExhausted);
          expect(ledger.surelyFreeInMs).toBeGreaterThanOrEqual(freeInMs);
          expect(ledger.surelyFreeInMs).toBeLessThanOrEqual(MINUTE_MS + SLOT_AT_MOST_MS);
          await clock.advance(Math.max(0, freeInMs - 1));
          expect(ledger.isExhausted).toBe(freeInMs > 0);
          await clock.advance(Math.min(1, freeInMs));
          expect([ledger.isExhausted, ledger.freeInMs]).toEqual([false, 0]);
        },
      ),
      { numRuns: 300 },
    );
  });

  function checkAgainst(ledger: QuotaLedger, list: ListOfEvents): void {
    const { requestLimit, tokenLimit } = list;
    const requestsSpent = requestLimit !== undefined && list.requests >= requestLimit;
    // What is a little older than a minute may be counted still; what is younger must be. Sums of fractions, so a hair
    // of room.
    const mustBe = tokenLimit !== undefined && list.tokens(MINUTE_MS) >= tokenLimit + 1e-6;
    const mayBe = tokenLimit !== undefined && list.tokens(MINUTE_MS + SLOT_AT_MOST_MS) >= tokenLimit - 1e-6;
    if (requestsSpent || mustBe) expect(ledger.isExhausted).toBe(true);
    if (!requestsSpent && !mayBe) expect(ledger.isExhausted).toBe(false);
    expect(ledger.view.headroom).toBeGreaterThanOrEqual(0);
    expect(ledger.view.headroom).toBeLessThanOrEqual(1);
    expect(ledger.view.headroom === 0).toBe(ledger.isExhausted);
    const { requestsRemaining } = ledger.view;
    expect(requestsRemaining).toBe(requestLimit === undefined ? undefined : Math.max(0, requestLimit - list.requests));
  }
});
