import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { TraceChoice } from './trace-choice.ts';

type Finished = Parameters<TraceChoice['reason']>[0];

const finished = (more: object = {}, status = 200): Finished => {
  const report = { end: { kind: 'answered' }, attempts: [{}], endedAtMs: 900, firstTokenAtMs: undefined, ...more };
  // Only what the choice looks at.
  return { visit: { startedAtMs: 0 }, report, status } as unknown as Finished;
};

const setUp = () => {
  const clock = new VirtualClock();
  return { clock, choice: new TraceChoice(clock, 1000) };
};

describe('TraceChoice', () => {
  it.each([
    ['nothing notable', finished(), undefined],
    ['an error of the gateway', finished({ end: { kind: 'refused', error: new Error('no') } }, 429), 'error'],
    ['an upstream’s own 5xx that is passed on', finished({}, 500), 'error'],
    ['a second attempt', finished({ attempts: [{}, {}] }), 'failover'],
    ['a late whole answer', finished({ endedAtMs: 1001 }), 'slow'],
    ['a late first token', finished({ endedAtMs: 60_000, firstTokenAtMs: 1001 }), 'slow'],
    ['a long stream that began in time', finished({ endedAtMs: 60_000, firstTokenAtMs: 1000 }), undefined],
    ['a caller’s fault', finished({}, 422), undefined],
  ])('of %s', (_name, exchange, why) => {
    expect(setUp().choice.reason(exchange, false)).toBe(why);
    expect(setUp().choice.reason(exchange, true)).toBe(why ?? 'sampled');
  });

  it('keeps no more than a hundred at once and twenty a second, and what is sampled besides', async () => {
    const { clock, choice } = setUp();
    const count = () =>
      Array.from({ length: 1000 }, () => choice.reason(finished({}, 500), false)).filter(Boolean).length;
    expect(count()).toBe(100);
    await clock.advance(2000);
    expect(count()).toBe(40);
    await clock.advance(3_600_000);
    expect(count()).toBe(100);
    expect(choice.reason(finished({}, 500), true)).toBe('error');
  });
});
