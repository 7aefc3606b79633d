import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import type { LocalQuota } from '../local.ts';
import { OwnQuotas } from './own-quotas.ts';
import { MAX_ENTRIES } from '../shapes.ts';

const quota = (requests: number, asked = 0): LocalQuota => ({
  requestsPerMinute: 600,
  tokensPerMinute: undefined,
  requests,
  tokens: 0,
  asked: { requests: asked, tokens: 100 * asked, tokenSquares: 10_000 * asked },
});

describe('a peer’s own quotas', () => {
  it('are what was used last, and what is asked for in a minute', async () => {
    const clock = new VirtualClock();
    const own = new OwnQuotas(clock);
    for (let tick = 1; tick <= 300; tick++) {
      await clock.advance(100);
      own.update(new Map([['q', quota(tick, 1)]]));
    }
    expect(own.uses['q']?.requests).toBe(300);
    expect(own.uses['q']?.wantedRequestsPerMinute).toBeGreaterThan(550);
    expect(own.uses['q']?.wantedRequestsPerMinute).toBeLessThan(650);
    expect(own.uses['q']?.wantedTokensPerMinute).toBeGreaterThan(55_000);
    expect(own.limits.get('q')).toMatchObject({ requestsPerMinute: 600, tokensPerMinute: undefined });
  });

  it('are forgotten with the quota', () => {
    const own = new OwnQuotas(new VirtualClock());
    own.update(new Map([['q', quota(1)]]));
    own.update(new Map());
    expect([own.uses, own.limits.size]).toEqual([{}, 0]);
  });

  it('are no more than a message may hold, of which each goes on being kept', () => {
    const own = new OwnQuotas(new VirtualClock());
    const all = (requests: number) =>
      new Map(Array.from({ length: MAX_ENTRIES + 10 }, (_, place) => [`q${place}`, quota(requests)]));
    own.update(all(1));
    own.update(all(2));
    const { uses } = own;
    expect(Object.keys(uses)).toHaveLength(MAX_ENTRIES);
    expect(new Set(Object.values(uses).map(({ requests }) => requests))).toEqual(new Set([2]));
  });
});
