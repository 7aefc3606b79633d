import { describe, expect, it } from 'vitest';
import { MEAN_TOKENS } from '../traffic.ts';
import { quotaUsedShare, servedShare } from './quota-figures.ts';
import { exchange, TOY } from '../fixtures/toy-storm.ts';

const MINUTE = { ...TOY, durationMs: 60_000 };

describe('the figures of a quota', () => {
  it('add groups up by their size in requests, tokens by the mean', () => {
    const quotas = [
      { limit: { requestsPerMinute: 100 }, usedShare: 1 },
      { limit: { tokensPerMinute: 300 * MEAN_TOKENS }, usedShare: 0.5 },
    ];
    expect(quotaUsedShare(quotas)).toBeCloseTo(250 / 400);
    expect(quotaUsedShare([])).toBeNull();
  });

  it('do not let an overfull group stand in for an idle one', () => {
    const group = { limit: { requestsPerMinute: 100 }, usedShare: 1.5 };
    expect(quotaUsedShare([group, { ...group, usedShare: 0.5 }])).toBe(0.75);
  });

  it('take what was served of what was asked for, in requests or in tokens, whichever is less', () => {
    const failed = exchange({ error: 'GW_QUOTA_EXHAUSTED', firstTokenMs: undefined, tokens: 5000 });
    const exchanges = [exchange(), exchange(), exchange(), failed];
    const quotas = [{ limit: { requestsPerMinute: 100 }, usedShare: 0.04 }];
    expect(servedShare(MINUTE, { targets: [], exchanges, quotas })).toBe(3000 / 8000);
    expect(servedShare(MINUTE, { targets: [], exchanges, quotas: [] })).toBeNull();
  });

  it('leave that to the quota’s use where more is asked for than allowed', () => {
    const quotas = [{ limit: { requestsPerMinute: 1 }, usedShare: 1 }];
    expect(servedShare(MINUTE, { targets: [], exchanges: [exchange(), exchange()], quotas })).toBeNull();
  });
});
