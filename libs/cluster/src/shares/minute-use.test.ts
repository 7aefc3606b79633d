import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MINUTE_MS, MinuteUse } from './minute-use.ts';

/** Our minutes end at whole minutes. */
function endOf(nowMs: number): number {
  return (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
}

function told(...counts: readonly (readonly [count: number, atMs: number])[]): (nowMs: number) => number {
  const minute = new MinuteUse();
  for (const [count, atMs] of counts) minute.hear(count, atMs, endOf(atMs));
  return (nowMs) => minute.within(endOf(nowMs));
}

it('counts what was told in this minute, and nothing of it in the next', () => {
  const within = told([7, 10_000], [9, 50_000]);
  expect(within(55_000)).toBe(9);
  expect(within(60_000)).toBe(0);
});

it('takes a count that was under way at the turn to belong to the minute before', () => {
  const within = told([7, 50_000], [9, 60_040]);
  expect(within(60_050)).toBe(0);
});

it('takes a count that fell to belong to the new minute', () => {
  const within = told([7, 50_000], [2, 60_040]);
  expect(within(60_050)).toBe(2);
});

it('keeps the count of this minute when the clock of the sender is ahead, and knows the next one already', () => {
  const within = told([7, 50_000], [1, 59_700], [3, 59_950]);
  expect(within(59_980)).toBe(7);
  expect(within(60_000)).toBe(3);
});

it('waits for the fall of a sender whose clock is behind', () => {
  const within = told([7, 50_000], [8, 60_200], [9, 60_400]);
  expect(within(60_450)).toBe(0);
  expect(told([7, 50_000], [9, 60_400], [1, 60_600])(60_700)).toBe(1);
});

it('believes a count that is still the same after the first second', () => {
  const minute = new MinuteUse();
  minute.hear(100, 50_000, endOf(50_000));
  minute.hear(100, 60_900, endOf(60_900));
  expect(minute.within(endOf(60_900))).toBe(0);
  // Nothing new was told of it since, but its sender was heard.
  minute.hear(100, 61_100, endOf(61_100));
  expect(minute.within(endOf(61_100))).toBe(100);
});

it('goes on after a wall clock was set', () => {
  const minute = new MinuteUse();
  minute.hear(40, 30_000, 60_000);
  minute.hear(40, 30_000, 65_000);
  expect(minute.within(65_000)).toBe(40);
});

it('counts a request that was taken back as one less', () => {
  expect(told([7, 20_000], [6, 20_250])(20_300)).toBe(6);
});

it('never counts less than was told within the minute, but in its first second, with clocks half a second apart', () => {
  const skew = fc.integer({ min: -450, max: 450 });
  const gaps = fc.array(fc.tuple(fc.integer({ min: 50, max: 400 }), fc.integer({ min: 0, max: 5 })), {
    minLength: 200,
    maxLength: 900,
  });
  fc.assert(
    fc.property(skew, gaps, (skewMs, gaps) => {
      const minute = new MinuteUse();
      let nowMs = 30_000;
      let count = 0;
      let minuteOfSender = 0;
      let most = 0;
      for (const [gapMs, made] of gaps) {
        nowMs += gapMs;
        const now = Math.floor((nowMs + skewMs) / MINUTE_MS);
        if (now !== minuteOfSender) {
          minuteOfSender = now;
          most = count;
          count = 0;
        }
        count += made;
        minute.hear(count, nowMs, endOf(nowMs));
        const within = minute.within(endOf(nowMs));
        const sinceTurnMs = nowMs % MINUTE_MS;
        if (sinceTurnMs >= 1_500 && MINUTE_MS - sinceTurnMs > 1_000) expect(within).toBe(count);
        if (MINUTE_MS - sinceTurnMs <= 1_000) expect(within).toBeGreaterThanOrEqual(Math.min(count, most));
        expect(within).toBeLessThanOrEqual(Math.max(count, most));
      }
    }),
    { numRuns: 50 },
  );
});
