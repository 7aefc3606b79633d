import { seededRng } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { ReconnectWaits } from './reconnect-waits.ts';

const PACE = { firstWaitMs: 250, longestWaitMs: 5000, steadyMs: 10_000 };
/** The draw that makes a wait longest, all but nothing. */
const LONGEST = () => 1;

describe('ReconnectWaits', () => {
  it('doubles with each failure up to its bound', () => {
    const waits = new ReconnectWaits(LONGEST, PACE);
    expect(Array.from({ length: 8 }, () => waits.nextMs())).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
  });

  it('draws each wait from the upper half of its length', () => {
    const waits = new ReconnectWaits(seededRng(1), PACE);
    for (let failures = 0; failures < 10; failures++) waits.nextMs();
    const drawn = Array.from({ length: 1000 }, () => waits.nextMs());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(2500);
    expect(Math.max(...drawn)).toBeLessThan(5000);
    // Ten equal parts of the range: none stays empty in a thousand draws but once in 10^45.
    expect(new Set(drawn.map((waitMs) => Math.floor((waitMs - 2500) / 250))).size).toBe(10);
  });

  it('starts over after a connection that held, and not after one that did not', () => {
    const waits = new ReconnectWaits(LONGEST, PACE);
    for (let failures = 0; failures < 3; failures++) waits.nextMs();
    waits.held(9999);
    expect(waits.nextMs()).toBe(2000);
    waits.held(10_000);
    expect(waits.nextMs()).toBe(250);
  });
});
