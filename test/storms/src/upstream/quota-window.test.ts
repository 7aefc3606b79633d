import { describe, expect, it } from 'vitest';
import { QuotaWindow } from './quota-window.ts';

describe('a modelled quota window', () => {
  it('counts requests by the wall clock’s minute and names that rung alone', () => {
    const window = new QuotaWindow({ requestsPerMinute: 2, tokensPerMinute: 1000 });
    window.accept(50_000);
    window.accept(59_000);
    expect(window.refusal(59_999)).toEqual({
      'x-ratelimit-limit-req-minute': '2',
      'x-ratelimit-remaining-req-minute': '0',
    });
    expect(window.refusal(60_000)).toBeUndefined();
  });

  it('counts tokens over a sliding minute from the end of each answer', () => {
    const window = new QuotaWindow({ tokensPerMinute: 100 });
    window.debit(50_000, 60);
    window.debit(70_000, 40);
    expect(window.refusal(109_999)).toMatchObject({ 'x-ratelimit-limit-tokens-minute': '100' });
    expect(window.refusal(110_000)).toBeUndefined();
  });

  it('tells the share of what was allowed that was used in whole minutes, of the fuller rung', () => {
    const window = new QuotaWindow({ requestsPerMinute: 10, tokensPerMinute: 1000 });
    for (let index = 0; index < 10; index++) window.accept(70_000 + index);
    window.debit(70_010, 500);
    expect(window.use(60_000, 180_000).usedShare).toBe(0.5);
    // The first and the last minute are not whole.
    expect(window.use(30_000, 150_000).usedShare).toBe(1);
    expect(window.use(90_000, 200_000).usedShare).toBe(0);
  });
});
