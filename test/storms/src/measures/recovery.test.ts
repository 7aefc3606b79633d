import { describe, expect, it } from 'vitest';
import type { ModelledKey, Storm } from '../storms/storm.ts';
import { peakAfterRecovery } from './recovery.ts';
import { steady, TOY } from '../fixtures/toy-storm.ts';

const KEY: ModelledKey = { name: 'a', firstTokenMs: 400, tokenMs: 10, slots: 10 };
const TWO: Storm = {
  ...TOY,
  recoveryAtMs: 10_000,
  providers: { p: { keys: [KEY, { ...KEY, name: 'b' }] } },
  pools: [[{ provider: 'p', model: 'm' }]],
};

function peak(askedAt: (atMs: number) => number, askedLateMs = 0): number | null {
  const record = steady((atMs) => ({ asked: [askedAt(atMs)], askedAtMs: [atMs + askedLateMs] }));
  return peakAfterRecovery(TWO, { ...record, targets: ['p/a/m', 'p/b/m'] });
}

describe('the peak after a recovery', () => {
  it('is one when two targets share the traffic evenly', () => {
    expect(peak((atMs) => (atMs / 20) % 2)).toBeCloseTo(1, 1);
  });

  it('is two when one of them gets all of it, if only for five seconds', () => {
    expect(peak((atMs) => (atMs >= 15_000 && atMs < 20_000 ? 0 : (atMs / 20) % 2))).toBeCloseTo(2, 1);
  });

  it('looks at when a target was asked, not at when the client came, and at nothing before the recovery', () => {
    const earlier = (atMs: number) => (atMs >= 3000 && atMs < 8000 ? 0 : (atMs / 20) % 2);
    expect(peak(earlier)).toBeCloseTo(1, 1);
    expect(peak(earlier, 10_000)).toBeCloseTo(2, 1);
  });

  it('is not told of a storm without a recovery', () => {
    expect(
      peakAfterRecovery(
        TOY,
        steady(() => ({})),
      ),
    ).toBeNull();
  });
});
