import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { CANCELLED, type FaultReason, fault, OK, type Outcome } from '../outcome.ts';

const ASK = { promptTokens: 1000, stream: true };

/** A target whose group may have 100 requests and 100,000 tokens a minute. */
function setUp() {
  const clock = new VirtualClock();
  const { fleet } = scriptedFleet({ clock, rng: seededRng(1) }, { mistral: { keys: ['a'], script: () => [] } });
  const target = fleet.pool([{ provider: 'mistral', model: 'large', weight: 1 }])[0]?.target;
  if (target === undefined) throw new Error('no target');
  const limits = { 'x-ratelimit-limit-req-minute': '100', 'x-ratelimit-limit-tokens-minute': '100000' };
  target.observe(limits, clock.nowMs());
  return { clock, target };
}

describe('what an attempt costs its quota', () => {
  const usage = { promptTokens: 900, completionTokens: 300, totalTokens: 1200, cachedTokens: 200, reasoningTokens: 0 };

  /** An attempt’s end as the group’s account shows it: requests and tokens gone. */
  function cost(outcome: Outcome, how: { begun?: boolean; usage?: typeof usage } = {}) {
    const { target } = setUp();
    const lease = target.enter(ASK);
    const { requestsRemaining, tokensRemaining, headroom } = target.view().quota;
    expect([requestsRemaining, tokensRemaining, headroom]).toEqual([99, 100_000, expect.any(Number)]);
    if (how.begun === true) lease?.begun();
    lease?.settle(outcome, how.usage);
    const after = target.view().quota;
    return { requests: 100 - (after.requestsRemaining ?? 0), tokens: 100_000 - (after.tokensRemaining ?? 0) };
  }

  const counted: [string, Outcome][] = [
    ['an answer', OK],
    ['a stream that broke off', fault('truncated')],
    ['a stream whose client left', CANCELLED],
  ];
  it.each(counted)('is what the vendor says it used, but for its cache, for %s', (_what, outcome) => {
    expect(cost(outcome, { begun: true, usage })).toEqual({ requests: 1, tokens: 1000 });
  });

  it.each(counted)('is what was expected for %s when the vendor does not say', (_what, outcome) => {
    const { requests, tokens } = cost(outcome, { begun: true });
    expect(requests).toBe(1);
    expect(tokens).toBeGreaterThanOrEqual(ASK.promptTokens);
    expect(tokens).toBeLessThan(ASK.promptTokens + 2000);
  });

  /** Of an attempt that ends before its first content: nothing, the request alone, or all that was expected. */
  const byFault: Readonly<Record<FaultReason, 'nothing' | 'request' | 'all'>> = {
    refused: 'nothing',
    'connect-timeout': 'nothing',
    reset: 'request',
    'status-5xx': 'request',
    'not-json': 'request',
    empty: 'request',
    'first-token-timeout': 'all',
    'answer-timeout': 'all',
    'idle-timeout': 'all',
    deadline: 'all',
    truncated: 'all',
    'error-frame': 'all',
    diverged: 'all',
    oversized: 'all',
  };
  const faultsThatCost = (costs: 'nothing' | 'request' | 'all'): Outcome[] =>
    Object.entries(byFault).flatMap(([reason, cost]) => (cost === costs ? [fault(reason as FaultReason)] : []));

  const free: Outcome[] = [
    ...faultsThatCost('nothing'),
    { kind: 'quota', never: false, retryAfterMs: 30_000 },
    { kind: 'capacity', retryAfterMs: undefined },
    { kind: 'credentials' },
    { kind: 'model-gone' },
  ];
  it.each(free)('is nothing when it ends in %j before it has begun', (outcome) => {
    expect(cost(outcome)).toEqual({ requests: 0, tokens: 0 });
  });

  const received: Outcome[] = [...faultsThatCost('request'), { kind: 'caller-fault' }];
  it.each(received)('is the request alone when it ends in %j before it has begun', (outcome) => {
    expect(cost(outcome)).toEqual({ requests: 1, tokens: 0 });
  });

  const worked: Outcome[] = [...faultsThatCost('all'), CANCELLED];
  it.each(worked)('is all that was expected when it ends in %j before it has begun', (outcome) => {
    const { requests, tokens } = cost(outcome);
    expect(requests).toBe(1);
    expect(tokens).toBeGreaterThanOrEqual(ASK.promptTokens);
  });

  it.each(['reset', 'status-5xx', 'not-json', 'empty'] as const)(
    'is what was made of it when it ends in %s after its beginning',
    (reason) => {
      expect(cost(fault(reason), { begun: true, usage })).toEqual({ requests: 1, tokens: 1000 });
      expect(cost(fault(reason), { begun: true }).tokens).toBeGreaterThanOrEqual(ASK.promptTokens);
    },
  );

  it.each(free)('is given back by %j in the minute that it was booked in, and in no other', async (outcome) => {
    // The other one, which still runs, is all that is left of it in either case.
    for (const waitedMs of [20_000, 40_000]) {
      const { target, clock } = setUp();
      await clock.advance(90_000);
      const lease = target.enter(ASK);
      await clock.advance(waitedMs);
      target.enter(ASK);
      lease?.settle(outcome);
      expect(target.view().quota.requestsRemaining).toBe(99);
    }
  });
});
