import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { MovingTimeout } from './moving-timeout.ts';

function setUp() {
  const clock = new VirtualClock();
  const fired: number[] = [];
  return { clock, fired, timeout: new MovingTimeout(clock, () => fired.push(clock.nowMs())) };
}

describe('MovingTimeout', () => {
  it('fires once at its limit', async () => {
    const { clock, fired, timeout } = setUp();
    timeout.moveTo(100);
    await clock.advance(1000);
    expect([fired, clock.pending]).toEqual([[100], 0]);
  });

  it('fires at the later limit when moved on, with one timer throughout', async () => {
    const { clock, fired, timeout } = setUp();
    for (let at = 100; at < 1000; at += 50) {
      timeout.moveTo(at);
      await clock.advance(40);
      expect(clock.pending).toBe(1);
    }
    await clock.advance(1000);
    expect(fired).toEqual([950]);
  });

  it('fires at the earlier limit when moved back', async () => {
    const { clock, fired, timeout } = setUp();
    timeout.moveTo(1000);
    timeout.moveTo(10);
    await clock.advance(2000);
    expect([fired, clock.pending]).toEqual([[10], 0]);
  });

  it('does not fire once cancelled, and can be set again', async () => {
    const { clock, fired, timeout } = setUp();
    timeout.moveTo(100);
    timeout.cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(200);
    timeout.moveTo(300);
    await clock.advance(200);
    expect(fired).toEqual([300]);
  });

  it('fires at once for a limit that has passed', async () => {
    const { clock, fired, timeout } = setUp();
    await clock.advance(50);
    timeout.moveTo(10);
    await clock.advance(0);
    expect(fired).toEqual([50]);
  });
});
