import { VirtualClock } from '@leeward/testkit';
import { expect, it } from 'vitest';
import { OwnRetries } from './own-retries.ts';

it('are a rate that follows what is earned and spent within some seconds, and fades to nothing', async () => {
  const clock = new VirtualClock();
  const own = new OwnRetries(clock);
  expect(own.use).toEqual({ earnedPerSecond: 0, spentPerSecond: 0 });
  for (let tick = 0; tick < 300; tick++) {
    await clock.advance(100);
    own.update({ earned: 0.4, spent: 0.1 });
  }
  expect(own.use.earnedPerSecond).toBeCloseTo(4, 0);
  expect(own.use.spentPerSecond).toBeCloseTo(1, 0);
  await clock.advance(30_000);
  own.update({ earned: 0, spent: 0 });
  expect(own.use.earnedPerSecond).toBeLessThan(0.02);
});
