import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it } from 'vitest';
import { Cooldown, MAX_COOLDOWN_MS } from './cooldown.ts';

describe('Cooldown', () => {
  it('is over when the ordered time has passed', async () => {
    const clock = new VirtualClock();
    const cooldown = new Cooldown(clock);
    expect(cooldown.active).toBe(false);
    cooldown.order(1000);
    await clock.advance(999);
    expect([cooldown.active, cooldown.remainingMs]).toEqual([true, 1]);
    await clock.advance(1);
    expect([cooldown.active, cooldown.remainingMs]).toEqual([false, 0]);
  });

  it('lets a longer order replace a shorter one, never the reverse', () => {
    const cooldown = new Cooldown(new VirtualClock());
    cooldown.order(1000);
    cooldown.order(5000);
    cooldown.order(10);
    expect(cooldown.remainingMs).toBe(5000);
  });

  it('bounds what a mistaken header may order', () => {
    const cooldown = new Cooldown(new VirtualClock());
    cooldown.order(Number.POSITIVE_INFINITY);
    expect(cooldown.remainingMs).toBe(MAX_COOLDOWN_MS);
  });

  it('leaves no timer behind', () => {
    const clock = new VirtualClock();
    new Cooldown(clock).order(1000);
    expect(clock.pending).toBe(0);
  });
});
