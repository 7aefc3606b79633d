import { describe, expect, it } from 'vitest';
import { EventClock } from './event-clock.ts';

describe('the event clock', () => {
  it('lets events happen in order of time, then of creation, whatever order they were made in', async () => {
    const clock = new EventClock();
    const seen: string[] = [];
    for (const [name, atMs] of [
      ['e', 30],
      ['a', 5],
      ['c', 20],
      ['d', 20],
      ['b', 7],
    ] as const) {
      clock.after(atMs, () => seen.push(`${name}@${clock.nowMs()}`));
    }
    await clock.runUntil(() => seen.length === 5);
    expect(seen).toEqual(['a@5', 'b@7', 'c@20', 'd@20', 'e@30']);
  });

  it('settles chains of promises of any length before the next event', async () => {
    const clock = new EventClock();
    const seen: string[] = [];
    const long = async () => {
      for (let turn = 0; turn < 1000; turn++) await Promise.resolve();
      seen.push('settled');
    };
    clock.after(1, () => void long());
    clock.after(1, () => seen.push('next'));
    await clock.runUntil(() => seen.includes('next'));
    expect(seen).toEqual(['settled', 'next']);
  });

  it('does nothing for what was cancelled', async () => {
    const clock = new EventClock();
    const seen: number[] = [];
    const timer = clock.after(1, () => seen.push(1));
    clock.after(2, () => seen.push(2));
    timer.cancel();
    await clock.runUntil(() => seen.length > 0);
    expect(seen).toEqual([2]);
  });

  it('wakes a sleeper at its time, or at once with the reason when its signal aborts', async () => {
    const clock = new EventClock();
    const leaving = new AbortController();
    const ends: unknown[] = [];
    void clock.sleep(10, new AbortController().signal).then(() => ends.push(clock.nowMs()));
    clock.sleep(1000, leaving.signal).catch((reason: unknown) => ends.push(reason));
    clock.after(20, () => leaving.abort('left'));
    await clock.runUntil(() => ends.length === 2);
    expect(ends).toEqual([10, 'left']);
  });

  it('says so when nothing is left to happen', async () => {
    await expect(new EventClock().runUntil(() => false)).rejects.toThrow('nothing is left');
  });
});
