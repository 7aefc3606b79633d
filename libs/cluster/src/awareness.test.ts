import type { Clock } from '@leeward/kernel';
import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Awareness, illnessOf } from './awareness.ts';
import type { BusState } from './shapes.ts';

/** A process whose timers run late by what is set. */
function setUp() {
  const clock = new VirtualClock();
  const bus: { state: BusState } = { state: 'connected' };
  const lag = { ms: 0 };
  const late: Clock = {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    after: (delayMs, run) => clock.after(delayMs + lag.ms, run),
  };
  const awareness = new Awareness({ clock: late, bus });
  awareness.start();
  return { clock, bus, lag, awareness };
}

describe('Awareness', () => {
  it('trusts itself while its timers are on time and the bus is there', async () => {
    const { clock, awareness } = setUp();
    await clock.advance(60_000);
    expect(awareness.health).toBe(0);
  });

  it('falls ill at once when it stood still, the more the longer', async () => {
    expect([0, 99, 100, 250, 800, 1600, 30_000].map(illnessOf)).toEqual([0, 0, 1, 2, 4, 5, 8]);
    const { clock, lag, awareness } = setUp();
    lag.ms = 800;
    await clock.advance(500);
    await clock.advance(1300);
    expect(awareness.health).toBe(4);
  });

  it('is believed again after as many good seconds', async () => {
    const { clock, lag, awareness } = setUp();
    lag.ms = 30_000;
    await clock.advance(500);
    lag.ms = 0;
    await clock.advance(30_500);
    expect(awareness.health).toBe(8);
    await clock.advance(4000);
    expect(awareness.health).toBe(4);
    await clock.advance(4000);
    expect(awareness.health).toBe(0);
  });

  it('grows ill while the bus is away, and stops at the end of the scale', async () => {
    const { clock, bus, awareness } = setUp();
    bus.state = 'connecting';
    await clock.advance(1000);
    expect(awareness.health).toBe(2);
    await clock.advance(60_000);
    expect(awareness.health).toBe(8);
  });

  it('makes nothing of a lateness that is no number', () => {
    fc.assert(
      fc.property(fc.double(), (lateMs) => {
        expect([0, 1, 2, 3, 4, 5, 6, 7, 8]).toContain(illnessOf(lateMs));
      }),
    );
  });

  it('leaves no timer behind', async () => {
    const { clock, awareness } = setUp();
    awareness.start();
    expect(clock.pending).toBe(1);
    awareness.stop();
    expect(clock.pending).toBe(0);
  });
});
