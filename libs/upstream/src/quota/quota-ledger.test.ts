import type { Clock } from '@leeward/kernel';
import { VirtualClock } from '@leeward/testkit';
import type { Usage } from '@leeward/wire';
import { describe, expect, it } from 'vitest';
import { QuotaLedger } from './quota-ledger.ts';
import type { UpstreamHeaders } from '../transport.ts';

const MINUTE_MS = 60_000;

interface Limits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

function setUp(limits: Limits, wallMs?: number) {
  const clock = new VirtualClock(wallMs);
  const ledger = new QuotaLedger(clock, limits);
  /** Headers that came at once. */
  const observe = (headers: UpstreamHeaders) => ledger.observe(headers, clock.nowMs());
  return { clock, ledger, observe };
}

function usageOf(promptTokens: number, completionTokens: number, cachedTokens = 0): Usage {
  const totalTokens = promptTokens + completionTokens;
  return { promptTokens, completionTokens, totalTokens, cachedTokens, reasoningTokens: 0 };
}

function spend(ledger: QuotaLedger, tokens: number): void {
  ledger.settle(ledger.reserve(tokens), usageOf(tokens, 0));
}

function reserve(ledger: QuotaLedger, requests: number): number[] {
  return Array.from({ length: requests }, () => ledger.reserve(10));
}

const told = (what: 'limit' | 'remaining', rung: 'req' | 'tokens', value: number) => ({
  [`x-ratelimit-${what}-${rung}-minute`]: String(value),
});

describe('a ledger without limits', () => {
  it('is never exhausted and always has all its headroom', () => {
    const { ledger } = setUp({});
    for (let request = 0; request < 1000; request++) spend(ledger, 1_000_000);
    expect([ledger.isExhausted, ledger.freeInMs, ledger.view.headroom]).toEqual([false, 0, 1]);
    expect(ledger.view).toEqual({
      requestsPerMinute: undefined,
      requestsRemaining: undefined,
      tokensPerMinute: undefined,
      tokensRemaining: undefined,
      headroom: 1,
    });
  });

  it('learns its limits from headers, each by itself', () => {
    const { ledger, observe } = setUp({});
    observe(told('limit', 'req', 60));
    expect(ledger.view).toMatchObject({ requestsPerMinute: 60, tokensPerMinute: undefined });
    observe(told('limit', 'tokens', 5000));
    expect(ledger.view).toMatchObject({ requestsPerMinute: 60, tokensPerMinute: 5000 });
  });

  it('has counted already when it learns them', () => {
    const { ledger, observe } = setUp({});
    for (let request = 0; request < 3; request++) spend(ledger, 100);
    observe({ ...told('limit', 'req', 10), ...told('limit', 'tokens', 1000) });
    expect(ledger.view).toMatchObject({ requestsRemaining: 7, tokensRemaining: 700 });
  });

  it.each(['many', '-1', 'Infinity', '', '0', ['60', '60'], undefined])('makes nothing of a limit of %j', (value) => {
    const { ledger, observe } = setUp({ requestsPerMinute: 5 });
    observe({ 'x-ratelimit-limit-req-minute': value, 'x-ratelimit-limit-tokens-minute': value });
    expect(ledger.view).toMatchObject({ requestsPerMinute: 5, requestsRemaining: 5, tokensPerMinute: undefined });
    expect([ledger.isExhausted, ledger.freeInMs]).toEqual([false, 0]);
  });

  it.each(['many', '-1', '', undefined])('makes nothing of %j requests and tokens left', (value) => {
    const { ledger, observe } = setUp({ requestsPerMinute: 5, tokensPerMinute: 1000 });
    observe({ 'x-ratelimit-remaining-req-minute': value, 'x-ratelimit-remaining-tokens-minute': value });
    expect(ledger.view).toMatchObject({ requestsRemaining: 5, tokensRemaining: 1000 });
  });
});

describe('requests', () => {
  it('are counted by the wall clock’s minute, whenever it was that they began', async () => {
    const { clock, ledger } = setUp({ requestsPerMinute: 2 }, Date.UTC(2026, 0, 1, 12, 0, 45));
    reserve(ledger, 2);
    expect([ledger.isExhausted, ledger.freeInMs]).toEqual([true, 15_000]);
    await clock.advance(14_999);
    expect([ledger.isExhausted, ledger.freeInMs]).toEqual([true, 1]);
    await clock.advance(1);
    expect([ledger.isExhausted, ledger.freeInMs, ledger.view.requestsRemaining]).toEqual([false, 0, 2]);
  });

  it('are not forgotten when the wall clock is put back within the minute', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 12, 0, 58));
    let backMs = 0;
    const corrected: Clock = {
      nowMs: () => clock.nowMs(),
      wallMs: () => clock.wallMs() - backMs,
      after: (delayMs, run) => clock.after(delayMs, run),
      sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    };
    const ledger = new QuotaLedger(corrected, { requestsPerMinute: 2 });
    reserve(ledger, 2);
    backMs = 5000;
    await clock.advance(3000);
    expect([ledger.isExhausted, ledger.freeInMs]).toEqual([true, 4000]);
    await clock.advance(4000);
    expect(ledger.isExhausted).toBe(false);
  });

  it('count from their beginning, and not any more when the vendor did not count them', () => {
    const { clock, ledger } = setUp({ requestsPerMinute: 2 });
    const [first = 0, second = 0] = reserve(ledger, 2);
    expect(ledger.isExhausted).toBe(true);
    ledger.refund(first, clock.nowMs());
    expect([ledger.isExhausted, ledger.view.requestsRemaining]).toEqual([false, 1]);
    ledger.settle(second, undefined);
    expect(ledger.view.requestsRemaining).toBe(1);
  });

  it('are given back in the minute that they were booked in, and not in the next one', async () => {
    const { clock, ledger } = setUp({ requestsPerMinute: 10 }, Date.UTC(2026, 0, 1, 12, 0, 45));
    const early = reserve(ledger, 3);
    const bookedAtMs = clock.nowMs();
    await clock.advance(14_999);
    ledger.refund(early.pop() ?? 0, bookedAtMs);
    expect(ledger.view.requestsRemaining).toBe(8);
    await clock.advance(1);
    const [late = 0] = reserve(ledger, 2);
    const lateAtMs = clock.nowMs();
    for (const one of early) ledger.refund(one, bookedAtMs);
    expect(ledger.view.requestsRemaining).toBe(8);
    await clock.advance(59_999);
    ledger.refund(late, lateAtMs);
    expect(ledger.view.requestsRemaining).toBe(9);
  });

  it('stay counted when they cost no tokens', () => {
    const { ledger } = setUp({ requestsPerMinute: 2, tokensPerMinute: 1000 });
    const before = ledger.view.headroom;
    for (const reserved of [ledger.reserve(5000), ledger.reserve(5000)]) ledger.release(reserved);
    expect(ledger.view).toMatchObject({ requestsRemaining: 0, tokensRemaining: 1000 });
    expect([before, ledger.isExhausted]).toEqual([1, true]);
  });

  it('left of the minute before say nothing of this one, though its limits and tokens do', async () => {
    const { clock, ledger } = setUp({ requestsPerMinute: 100 }, Date.UTC(2026, 0, 1, 12, 0, 45));
    await clock.advance(14_999);
    const askedAtMs = clock.nowMs();
    await clock.advance(1);
    const headers = { ...told('remaining', 'req', 1), ...told('limit', 'req', 200) };
    ledger.observe({ ...headers, ...told('limit', 'tokens', 1000), ...told('remaining', 'tokens', 400) }, askedAtMs);
    expect(ledger.view).toMatchObject({ requestsPerMinute: 200, requestsRemaining: 200, tokensRemaining: 400 });
    ledger.observe(headers, clock.nowMs());
    expect(ledger.view.requestsRemaining).toBe(1);
  });

  it('of others are counted when headers tell of them', async () => {
    const { clock, ledger, observe } = setUp({ requestsPerMinute: 100 });
    reserve(ledger, 10);
    observe(told('remaining', 'req', 40));
    expect(ledger.view.requestsRemaining).toBe(40);
    await clock.advance(MINUTE_MS);
    expect(ledger.view.requestsRemaining).toBe(100);
  });

  it('in flight that a header does not know of yet are not forgotten', () => {
    const { ledger, observe } = setUp({ requestsPerMinute: 100 });
    reserve(ledger, 10);
    observe(told('remaining', 'req', 99));
    expect(ledger.view.requestsRemaining).toBe(90);
  });

  it('are no scarcity when half of them is left for half of the minute', async () => {
    const { clock, ledger } = setUp({ requestsPerMinute: 100 });
    reserve(ledger, 50);
    const early = ledger.view.headroom;
    await clock.advance(30_000);
    expect(ledger.view.headroom).toBe(1);
    expect(early).toBeLessThan(1);
    reserve(ledger, 40);
    expect(ledger.view.headroom).toBeLessThan(0.5);
  });
});

describe('tokens', () => {
  it('are counted for a minute after they were spent, and hardly longer', async () => {
    const { clock, ledger } = setUp({ tokensPerMinute: 1000 });
    await clock.advance(50_000);
    spend(ledger, 600);
    await clock.advance(20_000);
    spend(ledger, 400);
    expect([ledger.isExhausted, ledger.view.tokensRemaining]).toEqual([true, 0]);
    const { freeInMs } = ledger;
    expect(freeInMs).toBeGreaterThanOrEqual(40_000);
    expect(freeInMs).toBeLessThanOrEqual(41_000);
    await clock.advance(freeInMs);
    expect([ledger.isExhausted, ledger.view.tokensRemaining]).toEqual([false, 600]);
    await clock.advance(MINUTE_MS);
    expect(ledger.view.tokensRemaining).toBe(1000);
  });

  it('from the vendor’s prompt cache are not counted', () => {
    const { ledger } = setUp({ tokensPerMinute: 10_000 });
    ledger.settle(ledger.reserve(9000), usageOf(9000, 500, 8000));
    expect(ledger.view.tokensRemaining).toBe(8500);
    ledger.settle(ledger.reserve(10), usageOf(10, 0, 5000));
    expect(ledger.view.tokensRemaining).toBe(8500);
  });

  it('are taken to be as many as were reserved when nobody says', () => {
    const { ledger } = setUp({ tokensPerMinute: 10_000 });
    const reserved = ledger.reserve(3000);
    expect(reserved).toBeGreaterThan(3000);
    ledger.settle(reserved, undefined);
    expect(ledger.view.tokensRemaining).toBe(Math.round(10_000 - reserved));
  });

  it('are reserved by what answers have been like', () => {
    const { ledger } = setUp({});
    for (let answer = 0; answer < 300; answer++) ledger.settle(ledger.reserve(10), usageOf(10, 2000));
    expect(ledger.reserve(10)).toBeCloseTo(2010, 0);
    for (let answer = 0; answer < 300; answer++) ledger.settle(ledger.reserve(10), usageOf(10, 5));
    expect(ledger.reserve(10)).toBeCloseTo(15, 0);
  });

  it('make the group less attractive when they are reserved, and exhaust it only when they are spent', () => {
    const { clock, ledger } = setUp({ tokensPerMinute: 1000 });
    const reserved = ledger.reserve(5000);
    expect([ledger.isExhausted, ledger.freeInMs]).toEqual([false, 0]);
    expect(ledger.view.headroom).toBeLessThan(0.2);
    expect(ledger.view.headroom).toBeGreaterThan(0);
    ledger.refund(reserved, clock.nowMs());
    expect([ledger.view.headroom, ledger.view.tokensRemaining]).toEqual([1, 1000]);
  });

  it('in flight make the sure wait longer, never shorter, for they will have been spent by then', async () => {
    const { clock, ledger } = setUp({ tokensPerMinute: 1000 });
    for (let second = 0; second < 10; second++) {
      spend(ledger, 100);
      await clock.advance(1000);
    }
    const { freeInMs } = ledger;
    expect(ledger.surelyFreeInMs).toBeGreaterThanOrEqual(freeInMs);
    const waits = [ledger.surelyFreeInMs];
    for (let attempt = 0; attempt < 4; attempt++) {
      ledger.reserve(100);
      waits.push(ledger.surelyFreeInMs);
    }
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBeGreaterThan(waits[0] ?? 0);
    expect(waits.at(-1)).toBeLessThanOrEqual(MINUTE_MS + 2000);
    expect(ledger.freeInMs).toBe(freeInMs);
  });

  it('of others are counted when headers tell of many of them', async () => {
    const { clock, ledger, observe } = setUp({ tokensPerMinute: 10_000 });
    spend(ledger, 1000);
    observe(told('remaining', 'tokens', 4000));
    expect(ledger.view.tokensRemaining).toBe(4000);
    await clock.advance(MINUTE_MS + 1000);
    expect(ledger.view.tokensRemaining).toBe(10_000);
  });

  it('of our own are not taken for those of others: neither what runs nor a small difference', () => {
    const { ledger, observe } = setUp({ tokensPerMinute: 10_000 });
    spend(ledger, 1000);
    observe(told('remaining', 'tokens', 8990));
    expect(ledger.view.tokensRemaining).toBe(9000);
    const reserved = ledger.reserve(5000);
    observe(told('remaining', 'tokens', Math.round(9000 - reserved)));
    expect(ledger.view.tokensRemaining).toBe(9000);
  });

  it('spent in fractions leave nothing behind when they are old', async () => {
    const { clock, ledger } = setUp({ tokensPerMinute: 1 });
    for (let answer = 0; answer < 5000; answer++) {
      await clock.advance(137);
      ledger.settle(ledger.reserve(0.1 * (answer % 7)), answer % 3 === 0 ? undefined : usageOf(0.3, 0.1));
    }
    await clock.advance(MINUTE_MS + 1000);
    expect([ledger.isExhausted, ledger.freeInMs, ledger.view.tokensRemaining]).toEqual([false, 0, 1]);
    expect(ledger.view.headroom).toBeCloseTo(1, 6);
  });
});
