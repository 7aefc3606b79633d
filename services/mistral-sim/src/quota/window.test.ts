import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { Limiter } from './limiter.ts';
import { makeWindow } from './window.ts';

describe('windows', () => {
  it('empty the fixed one at the wall-clock minute, however late the count came', async () => {
    const clock = new VirtualClock();
    const window = makeWindow('fixed', clock);
    await clock.advance(59_000);
    window.add(5);
    expect(window.used()).toBe(5);
    await clock.advance(999);
    expect(window.used()).toBe(5);
    await clock.advance(1);
    expect(window.used()).toBe(0);
  });

  it('let the sliding one forget each amount a minute after it came', async () => {
    const clock = new VirtualClock();
    const window = makeWindow('sliding', clock);
    window.add(5);
    await clock.advance(30_000);
    window.add(7);
    expect(window.used()).toBe(12);
    await clock.advance(30_000);
    expect(window.used()).toBe(12);
    await clock.advance(250);
    expect(window.used()).toBe(7);
    await clock.advance(30_000);
    expect(window.used()).toBe(0);
  });
});

describe('the limiter', () => {
  const limit = { requestsPerMinute: 2, tokensPerMinute: 100 };

  it('admits up to the limit and counts no rejected request', async () => {
    const clock = new VirtualClock();
    const limiter = new Limiter(clock, { requestWindow: 'fixed', tokenWindow: 'sliding' });
    expect(limiter.admit('w', 'm', limit)).toEqual({
      requests: { limit: 2, remaining: 1 },
      tokens: { limit: 100, remaining: 100 },
      tripped: undefined,
    });
    limiter.admit('w', 'm', limit);
    for (let at = 0; at < 3; at++) expect(limiter.admit('w', 'm', limit).tripped).toBe('requests');
    await clock.advance(60_000);
    expect(limiter.admit('w', 'm', limit)).toMatchObject({ requests: { remaining: 1 }, tripped: undefined });
  });

  it('trips on tokens only once they were debited, and lets a last request overshoot', async () => {
    const clock = new VirtualClock();
    const limiter = new Limiter(clock, { requestWindow: 'fixed', tokenWindow: 'sliding' });
    limiter.debit('w', 'm', 99);
    expect(limiter.admit('w', 'm', limit).tripped).toBeUndefined();
    limiter.debit('w', 'm', 500);
    expect(limiter.admit('w', 'm', limit)).toMatchObject({ tokens: { remaining: 0 }, tripped: 'tokens' });
    await clock.advance(60_250);
    expect(limiter.admit('w', 'm', limit).tripped).toBeUndefined();
  });

  it('keeps workspaces and models apart, and knows no limit for null', () => {
    const limiter = new Limiter(new VirtualClock(), { requestWindow: 'sliding', tokenWindow: 'fixed' });
    const one = { requestsPerMinute: 1, tokensPerMinute: null };
    expect(limiter.admit('w', 'm', one).tripped).toBeUndefined();
    expect(limiter.admit('w', 'm', one).tripped).toBe('requests');
    expect(limiter.admit('w', 'other', one).tripped).toBeUndefined();
    expect(limiter.admit('x', 'm', one)).toEqual({
      requests: { limit: 1, remaining: 0 },
      tokens: undefined,
      tripped: undefined,
    });
    const never = { requestsPerMinute: 0, tokensPerMinute: 0 };
    expect(limiter.admit('w', 'glm', never)).toMatchObject({ requests: { limit: 0 }, tripped: 'requests' });
  });
});
