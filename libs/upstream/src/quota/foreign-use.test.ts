import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { ForeignUse } from './foreign-use.ts';

function setUp() {
  const clock = new VirtualClock();
  return { clock, foreign: new ForeignUse(clock) };
}

describe('use by strangers', () => {
  it('is counted in full by a node that is alone, each time it is seen', () => {
    const { foreign } = setUp();
    expect([foreign.part(30, 100, undefined), foreign.part(1, 100, undefined)]).toEqual([30, 1]);
    expect(foreign.part(-5, 100, undefined)).toBe(0);
  });

  it('is counted in parts by nodes that share, which add up to it', () => {
    const parts = [50, 30, 20].map((share) => setUp().foreign.part(60, 100, share));
    expect(parts).toEqual([30, 18, 12]);
  });

  it('is not what other nodes have used and not told yet', () => {
    const { foreign } = setUp();
    expect([foreign.part(5, 100, 50), foreign.part(6, 100, 50)]).toEqual([0, 3]);
  });

  it('is not counted again before the others can have heard of it', async () => {
    const { clock, foreign } = setUp();
    foreign.part(60, 100, 50);
    await clock.advance(1999);
    expect(foreign.part(60, 100, 50)).toBe(0);
    await clock.advance(1);
    expect(foreign.part(60, 100, 50)).toBe(30);
  });

  it('is never more than there is, though a share may be more than its limit for a moment', () => {
    expect(setUp().foreign.part(60, 100, 250)).toBe(60);
  });
});
