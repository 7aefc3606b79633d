import { seededRng } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const options = fc.record({
  backoffMs: fc.integer({ min: 1, max: 60_000 }),
  maxBackoffMs: fc.integer({ min: 1, max: 60_000 }),
});

describe('backoffMs', () => {
  it('is a draw between nothing and a ceiling that doubles up to its own', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2000 }), options, (seed, pass, limits) => {
        const waitMs = backoffMs(seededRng(seed), pass, limits);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(Math.min(limits.maxBackoffMs, limits.backoffMs * 2 ** (pass - 1)));
      }),
    );
  });

  // 2,000 uniform draws: the share in each tenth is 0.1 ± 0.0067 (one standard deviation); 0.03 is over four of them.
  it('uses the whole interval evenly', () => {
    const rng = seededRng(7);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 2000; draw++) {
      const tenth = Math.floor(backoffMs(rng, 3, { backoffMs: 200, maxBackoffMs: 5000 }) / 80);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count / 2000 - 0.1)).toBeLessThan(0.03);
  });
});
