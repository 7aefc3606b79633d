import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import type { Outcome, QuotaRung } from '../outcome.ts';
import { Quota } from './quota.ts';

function setUp() {
  const clock = new VirtualClock();
  return { clock, quota: new Quota(clock, 'w1', {}) };
}

type Set = ReturnType<typeof setUp>;

const refusal = (rung: QuotaRung, retryAfterMs: number): Extract<Outcome, { kind: 'quota' }> => ({
  kind: 'quota',
  never: false,
  rung,
  retryAfterMs,
});

/** The waits that refusals in a row order, each met when the one before is over. */
async function waits({ clock, quota }: Set, rung: QuotaRung, refusals: number): Promise<readonly number[]> {
  const waitsMs: number[] = [];
  for (let turn = 0; turn < refusals; turn++) {
    quota.refused(refusal(rung, 1000));
    waitsMs.push(quota.cooldown.remainingMs);
    await clock.advance(quota.cooldown.remainingMs);
  }
  return waitsMs;
}

describe('Quota', () => {
  it('doubles the wait for tokens with each refusal in a row, up to a bound', async () => {
    const waitsMs = await waits(setUp(), 'tokens', 12);
    expect(waitsMs.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(60_000);
    expect(waitsMs.at(-1)).toBe(waitsMs.at(-2));
  });

  it.each(['requests', 'unknown'] as const)('waits as long as it was told when the rung is %s', async (rung) => {
    expect(new Set(await waits(setUp(), rung, 6))).toEqual(new Set([1000]));
  });

  it('starts with the shortest wait again after a request was granted', async () => {
    const set = setUp();
    await waits(set, 'tokens', 4);
    set.quota.granted();
    expect(await waits(set, 'tokens', 2)).toEqual([1000, 2000]);
  });

  it('takes refusals that come while it waits as one', async () => {
    const set = setUp();
    for (let late = 0; late < 50; late++) set.quota.refused(refusal('tokens', 1000));
    expect(set.quota.cooldown.remainingMs).toBe(1000);
    await set.clock.advance(1000);
    expect(await waits(set, 'tokens', 1)).toEqual([2000]);
  });

  it('obeys the longer of two orders, in either order', () => {
    for (const order of [
      [1000, 30_000],
      [30_000, 1000],
    ]) {
      const { quota } = setUp();
      for (const retryAfterMs of order) quota.refused(refusal('requests', retryAfterMs));
      expect(quota.cooldown.remainingMs).toBe(30_000);
    }
  });

  it('bounds the wait of what is never allowed', () => {
    const { quota } = setUp();
    quota.refused({ kind: 'quota', never: true, rung: 'unknown', retryAfterMs: Number.POSITIVE_INFINITY });
    expect(quota.cooldown.active).toBe(true);
    expect(quota.cooldown.remainingMs).toBeLessThanOrEqual(3_600_000);
  });
});
