import { expect, test } from 'vitest';
import { Uses } from './uses.ts';

test('has ended when nobody ever came', async () => {
  await expect(new Uses().ended()).resolves.toBeUndefined();
});

test('ends for everybody who waits when the last one leaves, and again the next time', async () => {
  const uses = new Uses();
  for (let round = 0; round < 2; round++) {
    uses.enter();
    uses.enter();
    let ended = 0;
    const waiting = [uses.ended(), uses.ended()].map((one) => one.then(() => ended++));
    uses.leave();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(0);
    uses.leave();
    await Promise.all(waiting);
    expect(ended).toBe(2);
  }
});
