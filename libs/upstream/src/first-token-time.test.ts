import { seededRng, VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FirstTokenTime, promptFactor } from './first-token-time.ts';

const MEDIAN_MS = 400;

function setUp() {
  const clock = new VirtualClock();
  return { clock, time: new FirstTokenTime(clock) };
}

type Set = ReturnType<typeof setUp>;

/** Answers in `ms` each, `perSecond` of them, for so long. */
async function answersIn({ clock, time }: Set, ms: number, forMs: number, perSecond = 10): Promise<void> {
  const everyMs = 1000 / perSecond;
  const untilMs = clock.nowMs() + forMs;
  while (clock.nowMs() < untilMs) {
    await clock.advance(everyMs);
    time.observeFirst(ms, 1000);
  }
}

function learned(time: FirstTokenTime): number {
  if (time.learnedMs === undefined) throw new Error('nothing was learned');
  return time.learnedMs;
}

/** What an unasked target is expected to need, and no attempt waits. */
const expected = ({ clock, time }: Set) => time.expectedMs(clock.nowMs(), MEDIAN_MS, undefined);

/** How long it is left alone until it is expected to be hardly slower than the median. */
async function idleUntilForgiven(set: Set): Promise<number> {
  const fromMs = set.clock.nowMs();
  while (expected(set) > MEDIAN_MS * 1.25) await set.clock.advance(1000);
  return set.clock.nowMs() - fromMs;
}

describe('FirstTokenTime', () => {
  it('knows nothing before its first sample', () => {
    const { time } = setUp();
    expect(time.speed).toEqual({ firstTokenMs: undefined, tokenMs: undefined, agoMs: undefined, samples: 0 });
    expect([time.learnedMs, time.expectedMs(0, MEDIAN_MS, undefined)]).toEqual([undefined, MEDIAN_MS]);
  });

  it('tells the age of its newest sample', async () => {
    const { clock, time } = setUp();
    time.observeFirst(300, 1000);
    await clock.advance(1500);
    expect(time.speed).toMatchObject({ firstTokenMs: 300, tokenMs: undefined, agoMs: 1500 });
  });

  it('compares times as if every prompt had a thousand tokens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 200_000 }), { minLength: 1, maxLength: 20 }), async (prompts) => {
        const { clock, time } = setUp();
        for (const tokens of prompts) {
          await clock.advance(100);
          time.observeFirst(300 * promptFactor(tokens), tokens);
        }
        expect(learned(time)).toBeCloseTo(300, 6);
      }),
    );
    expect(promptFactor(1000)).toBe(1);
  });

  it('follows a rise within seconds and a fall more slowly', async () => {
    const set = setUp();
    await answersIn(set, 300, 60_000);
    await answersIn(set, 3000, 4000);
    expect(learned(set.time)).toBeGreaterThan(2000);
    await answersIn(set, 3000, 10_000);
    await answersIn(set, 300, 4000);
    expect(learned(set.time)).toBeGreaterThan(1000);
    await answersIn(set, 300, 56_000);
    expect(learned(set.time)).toBeLessThan(350);
  });

  it('learns nearly the same from one sample a second as from a hundred', async () => {
    const meanOf = async (perSecond: number, seed: number, spread: number) => {
      const { clock, time } = setUp();
      const rng = seededRng(seed);
      let sum = 0;
      const samples = 300 * perSecond;
      for (let sample = 0; sample < samples; sample++) {
        await clock.advance(1000 / perSecond);
        time.observeFirst(500 * (1 + spread * (2 * rng() - 1)), 1000);
        sum += learned(time);
      }
      return sum / samples;
    };
    // The mean over five minutes of what each sample left behind, for times spread evenly by up to a half of their mean:
    // one figure leans more to the slow ones than the other, by less than the spread itself.
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.double({ min: 0, max: 0.5, noNaN: true }), async (seed, spread) => {
        const [often, seldom] = [await meanOf(100, seed, spread), await meanOf(1, seed, spread)];
        expect(Math.abs(often / seldom - 1)).toBeLessThan(0.15);
      }),
      { numRuns: 5 },
    );
  });

  it('makes little of one straggler among many', async () => {
    const set = setUp();
    await answersIn(set, 300, 30_000, 100);
    await answersIn(set, 3000, 10, 100);
    expect(learned(set.time)).toBeLessThan(400);
  });

  it('learns the time of a token after the first, and nothing from an answer without tokens', async () => {
    const { clock, time } = setUp();
    time.observeTokens(500, 0);
    expect(time.speed.tokenMs).toBeUndefined();
    time.observeTokens(2000, 100);
    expect(time.speed.tokenMs).toBe(20);
    await clock.advance(60_000);
    time.observeTokens(1000, 100);
    expect(time.speed.tokenMs).toBeLessThan(12);
  });

  it('calls a time usual by what has been usual, for a prompt of that size', async () => {
    const set = setUp();
    expect(set.time.isUsual(60_000, 1000)).toBe(true);
    await answersIn(set, 300, 30_000);
    expect([set.time.isUsual(400, 1000), set.time.isUsual(3000, 1000)]).toEqual([true, false]);
    expect(set.time.isUsual(3000, 1_000_000)).toBe(true);
    await answersIn(set, 3000, 10_000);
    expect(set.time.isUsual(3000, 1000)).toBe(false);
  });
});

describe('an answer within no time at all', () => {
  it('counts as one of a millisecond, whatever its prompt', () => {
    for (const [tookMs, promptTokens] of [
      [0, 1000],
      [0.2, 1000],
      [0, 1_000_000],
      [5, 1_000_000],
    ] as const) {
      const { time } = setUp();
      time.observeFirst(tookMs, promptTokens);
      expect(time.learnedMs).toBe(1);
    }
  });

  it('leaves room for what whole answers teach', async () => {
    const { clock, time } = setUp();
    time.observeWhole(0, 1000, 0);
    time.observeWhole(0, 1000, 100);
    expect(time.speed).toMatchObject({ firstTokenMs: 1, tokenMs: 0, agoMs: 0 });
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000);
      time.observeWhole(600, 1000, 100);
    }
    expect(learned(time)).toBeGreaterThan(100);
    expect(learned(time)).toBeLessThanOrEqual(600);
  });
});

describe('a wait in vain', () => {
  const isLate = ({ time }: Set, ms: number) => time.isLate(ms * promptFactor(9000), 9000);

  it('is late by what a healthy model needs where nothing else is known', () => {
    const set = setUp();
    expect([isLate(set, 2), isLate(set, 400), isLate(set, 4000)]).toEqual([false, false, true]);
  });

  it('is late by the pool’s median before the first sample', () => {
    const set = setUp();
    set.time.expectedMs(0, 4000, undefined);
    expect([isLate(set, 7000), isLate(set, 9000)]).toEqual([false, true]);
    set.time.expectedMs(0, 50, undefined);
    expect([isLate(set, 90), isLate(set, 110)]).toEqual([false, true]);
  });

  it('is late by what is usual for the target once that is known', async () => {
    const set = setUp();
    set.time.expectedMs(0, 4000, undefined);
    await answersIn(set, 300, 30_000);
    expect([isLate(set, 500), isLate(set, 700)]).toEqual([false, true]);
  });
});

describe('a target that has been slow', () => {
  async function slow(timesSlower: number): Promise<Set> {
    const set = setUp();
    expected(set);
    await answersIn(set, MEDIAN_MS * timesSlower, 20_000);
    return set;
  }

  it('fades into its pool’s median while nobody asks it, and never below', async () => {
    const set = await slow(10);
    let beforeMs = expected(set);
    expect(beforeMs).toBeGreaterThan(MEDIAN_MS * 9);
    for (let second = 0; second < 3600; second += 10) {
      await set.clock.advance(10_000);
      const ms = expected(set);
      expect(ms).toBeLessThanOrEqual(beforeMs);
      expect(ms).toBeGreaterThanOrEqual(MEDIAN_MS);
      beforeMs = ms;
    }
    expect(beforeMs).toBeLessThan(MEDIAN_MS * 1.01);
  });

  it('keeps its own figure when it is faster than the median, however long nobody asks it', async () => {
    const set = await slow(0.5);
    await set.clock.advance(3_600_000);
    expect(expected(set)).toBeCloseTo(MEDIAN_MS / 2, 6);
  });

  it('is forgiven sooner the less slow it was', async () => {
    const [little, much] = [await idleUntilForgiven(await slow(2)), await idleUntilForgiven(await slow(10))];
    expect(little).toBeGreaterThan(5000);
    expect(much).toBeGreaterThan(little);
    expect(much).toBeLessThan(300_000);
  });

  it('is forgiven later after each attempt that disappoints, up to a bound', async () => {
    const set = await slow(10);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 10; attempt++) {
      waits.push(await idleUntilForgiven(set));
      set.time.observeFirst(MEDIAN_MS * 10, 1000);
    }
    expect(waits[1]).toBeGreaterThan((waits[0] ?? 0) * 1.5);
    expect(waits[2]).toBeGreaterThan((waits[1] ?? 0) * 1.5);
    expect(Math.max(...waits)).toBeLessThan(3_600_000);
    expect(waits[9]).toBeLessThan((waits[8] ?? 0) * 1.1);
  });

  it('has a clean sheet after one attempt that does not', async () => {
    const set = await slow(10);
    const firstMs = await idleUntilForgiven(set);
    for (let attempt = 0; attempt < 3; attempt++) {
      set.time.observeFirst(MEDIAN_MS * 10, 1000);
      await idleUntilForgiven(set);
    }
    set.time.observeFirst(MEDIAN_MS, 1000);
    await answersIn(set, MEDIAN_MS * 10, 20_000);
    expect(await idleUntilForgiven(set)).toBeLessThan(firstMs * 1.5);
  });

  it('is still slow when an attempt gave up waiting for it, and not less so than was known', async () => {
    const set = await slow(10);
    await idleUntilForgiven(set);
    const known = learned(set.time);
    set.time.observeAtLeast(MEDIAN_MS * 5, 1000);
    expect(learned(set.time)).toBe(known);
    expect(expected(set)).toBeGreaterThan(MEDIAN_MS * 5);
    expect(await idleUntilForgiven(set)).toBeGreaterThan(10_000);
    set.time.observeAtLeast(MEDIAN_MS * 50, 1000);
    expect(learned(set.time)).toBeGreaterThan(known);
  });

  it('is not known to be slow, nor fast, by who gave up soon', async () => {
    const set = await slow(10);
    await set.clock.advance(30_000);
    const [known, before] = [learned(set.time), expected(set)];
    set.time.observeAtLeast(2, 1000);
    expect([learned(set.time), expected(set)]).toEqual([known, before]);
  });

  it('counts with its old figure again while an attempt waits, or with the wait when that is longer', async () => {
    const set = await slow(10);
    await idleUntilForgiven(set);
    const nowMs = set.clock.nowMs();
    expect(set.time.expectedMs(nowMs, MEDIAN_MS, 0)).toBeCloseTo(learned(set.time), 6);
    expect(set.time.expectedMs(nowMs, MEDIAN_MS, 60_000)).toBe(60_000);
  });
});

describe('a whole answer', () => {
  const whole = async ({ clock, time }: Set, slower: number, forMs: number) => {
    const untilMs = clock.nowMs() + forMs;
    while (clock.nowMs() < untilMs) {
      await clock.advance(250);
      time.observeWhole(slower * (600 * promptFactor(3000) + 12 * 150), 3000, 150);
    }
  };

  it('teaches as well: ten times slower ones make the first-token figure ten times as large', async () => {
    const set = setUp();
    await whole(set, 1, 60_000);
    const before = learned(set.time);
    await whole(set, 10, 60_000);
    expect(learned(set.time) / before).toBeGreaterThan(8);
    expect(learned(set.time) / before).toBeLessThan(12);
  });

  it('agrees with what streams have taught, and changes nothing then', async () => {
    const set = setUp();
    for (let second = 0; second < 60; second++) {
      await set.clock.advance(1000);
      set.time.observeFirst(600, 1000);
      set.time.observeTokens(1200, 100);
    }
    await whole(set, 1, 60_000);
    expect(learned(set.time)).toBeCloseTo(600, 3);
    expect(set.time.speed.tokenMs).toBeCloseTo(12, 3);
  });

  it('does not look slow for being long', async () => {
    const set = setUp();
    await whole(set, 1, 60_000);
    const before = learned(set.time);
    await set.clock.advance(1000);
    const tokenMs = set.time.speed.tokenMs ?? 0;
    set.time.observeWhole(before + tokenMs * 10_000, 1000, 10_000);
    expect(learned(set.time)).toBeCloseTo(before, 3);
  });
});

describe('any sequence of samples', () => {
  const tookMs = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 600_000, noNaN: true }));
  const tokens = fc.nat({ max: 1_000_000 });
  const step = fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3_600_000, noNaN: true })),
    kind: fc.constantFrom('first', 'at-least', 'tokens', 'whole'),
    tookMs,
    prompt: tokens,
    tokens,
    medianMs: fc.double({ min: 0, max: 600_000, noNaN: true }),
    waitingMs: fc.option(fc.double({ min: 0, max: 600_000, noNaN: true }), { nil: undefined }),
  });

  it('leaves figures that are neither negative, infinite nor not a number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, time } = setUp();
        for (const { afterMs, kind, tookMs, prompt, tokens, medianMs, waitingMs } of steps) {
          await clock.advance(afterMs);
          if (kind === 'first') time.observeFirst(tookMs, prompt);
          else if (kind === 'at-least') time.observeAtLeast(tookMs, prompt);
          else if (kind === 'tokens') time.observeTokens(tookMs, tokens);
          else time.observeWhole(tookMs, prompt, tokens);
          const { firstTokenMs, tokenMs } = time.speed;
          for (const ms of [firstTokenMs ?? 0, tokenMs ?? 0, time.expectedMs(clock.nowMs(), medianMs, waitingMs)]) {
            expect(Number.isFinite(ms) && ms >= 0).toBe(true);
          }
        }
      }),
    );
  });
});
