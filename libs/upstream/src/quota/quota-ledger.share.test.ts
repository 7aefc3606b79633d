import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { type LedgerShare, QuotaLedger } from './quota-ledger.ts';

const usage = (totalTokens: number) => ({
  promptTokens: totalTokens,
  completionTokens: 0,
  totalTokens,
  cachedTokens: 0,
  reasoningTokens: 0,
});

function setUp(share: Partial<LedgerShare> = {}) {
  const clock = new VirtualClock();
  const ledger = new QuotaLedger(clock, { requestsPerMinute: 100, tokensPerMinute: 10_000 });
  const shared = (given: Partial<LedgerShare>) =>
    ledger.share({ requests: 100, tokens: 10_000, othersRequests: 0, othersTokens: 0, ...given });
  shared(share);
  const spend = (requests: number, tokensEach = 1) => {
    for (let request = 0; request < requests; request++) ledger.settle(ledger.reserve(0), usage(tokensEach));
  };
  return { clock, ledger, shared, spend };
}

describe('a share of a quota', () => {
  it('is what a node keeps to, in requests and in tokens', () => {
    const { ledger, shared, spend } = setUp({ requests: 10 });
    spend(10);
    expect([ledger.isExhausted, ledger.headroomAt(0)]).toEqual([true, 0]);
    shared({ requests: 11, tokens: 10 });
    expect(ledger.isExhausted).toBe(true);
    shared({ requests: 11, tokens: 11 });
    expect(ledger.isExhausted).toBe(false);
  });

  it('never allows more than the limit itself', () => {
    const { ledger, spend } = setUp({ requests: 1000 });
    spend(100);
    expect(ledger.isExhausted).toBe(true);
  });

  it('is looked for again soon when it is spent and the limit is not', () => {
    const { ledger, spend } = setUp({ requests: 10, othersRequests: 40 });
    spend(10);
    expect(ledger.freeInMs).toBe(500);
  });

  it('is waited for to the end of the minute when others have used the rest', async () => {
    const { clock, ledger, spend } = setUp({ requests: 10, othersRequests: 90 });
    await clock.advance(20_000);
    spend(10);
    expect(ledger.freeInMs).toBe(40_000);
  });

  it('of tokens is waited for likewise', async () => {
    const { clock, ledger, shared, spend } = setUp({ tokens: 1000, othersTokens: 5000 });
    spend(1, 1000);
    expect(ledger.freeInMs).toBe(500);
    shared({ tokens: 1000, othersTokens: 9000 });
    expect(ledger.freeInMs).toBeGreaterThan(59_000);
    await clock.advance(61_000);
    expect(ledger.freeInMs).toBe(0);
  });

  it('leaves people the whole limit to see', () => {
    const { ledger } = setUp({ requests: 10, tokens: 10 });
    expect(ledger.view).toMatchObject({ requestsPerMinute: 100, requestsRemaining: 100, tokensRemaining: 10_000 });
    expect(ledger.limits).toEqual({ requestsPerMinute: 100, tokensPerMinute: 10_000 });
  });

  it('shows whole requests, also after a part of a stranger’s was counted', () => {
    const { ledger } = setUp({ requests: 25 });
    ledger.observe({ 'x-ratelimit-remaining-req-minute': '69' }, 0);
    expect(ledger.used.requests).toBe(31 / 4);
    expect(ledger.view.requestsRemaining).toBe(92);
  });

  it('takes what the other nodes used for no stranger’s, in tokens as in requests', () => {
    const { ledger } = setUp({ othersRequests: 60, othersTokens: 6000 });
    const headers = { 'x-ratelimit-remaining-req-minute': '38', 'x-ratelimit-remaining-tokens-minute': '3800' };
    ledger.observe(headers, 0);
    expect(ledger.used).toEqual({ requests: 0, tokens: 0 });
  });
});
