import { VirtualClock } from '@leeward/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlowStart } from './slow-start.ts';

function setUp() {
  const clock = new VirtualClock();
  return { clock, start: new SlowStart(clock) };
}

function windowOf(start: SlowStart): number {
  if (start.window === undefined) throw new Error('the slow start has ended');
  return start.window;
}

/** A round in which the whole window is used: each of its requests is answered while others take every place there is. */
function round(start: SlowStart, inTime: boolean): void {
  const inFlight = windowOf(start);
  for (let answer = 0; answer < inFlight && start.window !== undefined; answer++) {
    start.answered(Math.max(inFlight, start.window), inTime);
  }
}

describe('SlowStart', () => {
  it('refuses nobody when there is none', () => {
    const { start } = setUp();
    start.answered(1, false);
    start.failed();
    expect([start.window, start.admits(0), start.admits(1_000_000)]).toEqual([undefined, true, true]);
  });

  it('begins with a handful at once', () => {
    const { start } = setUp();
    start.begin();
    expect(windowOf(start)).toBeGreaterThanOrEqual(1);
    expect(windowOf(start)).toBeLessThanOrEqual(10);
    expect([start.admits(0), start.admits(windowOf(start) - 1), start.admits(windowOf(start))]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('about doubles with each round of answers in time', () => {
    const { start } = setUp();
    start.begin();
    for (let turn = 0; turn < 4; turn++) {
      const before = windowOf(start);
      round(start, true);
      expect(windowOf(start)).toBe(before * 2);
    }
  });

  it('grows while all of it is used, and not while there is room', () => {
    for (let rounds = 0; rounds < 6; rounds++) {
      const { start } = setUp();
      start.begin();
      for (let turn = 0; turn < rounds; turn++) round(start, true);
      const before = windowOf(start);
      for (let answer = 0; answer < 100; answer++) start.answered(before - 1, true);
      expect(windowOf(start)).toBe(before);
      start.answered(before, true);
      expect(windowOf(start)).toBe(before + 1);
    }
  });

  it('has learned from late answers: then grows by about one a round', () => {
    const { start } = setUp();
    start.begin();
    for (let turn = 0; turn < 4; turn++) round(start, true);
    const before = windowOf(start);
    for (let answer = 0; answer < 4; answer++) start.answered(before, false);
    for (let turn = 0; turn < 5; turn++) round(start, true);
    expect(windowOf(start)).toBeGreaterThan(before);
    expect(windowOf(start)).toBeLessThanOrEqual(before + 6);
  });

  it('does not grow on answers that are late, and shrinks to no less than it began with', () => {
    const { start } = setUp();
    start.begin();
    const first = windowOf(start);
    for (let turn = 0; turn < 3; turn++) round(start, true);
    const before = windowOf(start);
    for (let answer = 0; answer < before; answer++) start.answered(before, false);
    expect(windowOf(start)).toBeLessThan(before);
    for (let answer = 0; answer < 1000; answer++) start.answered(before, false);
    expect(windowOf(start)).toBe(first);
  });

  it('is halved by a fault, to no less than it began with', () => {
    const { start } = setUp();
    start.begin();
    const first = windowOf(start);
    for (let turn = 0; turn < 4; turn++) round(start, true);
    const before = windowOf(start);
    start.failed();
    expect(windowOf(start)).toBe(before / 2);
    for (let fault = 0; fault < 20; fault++) start.failed();
    expect(windowOf(start)).toBe(first);
  });

  it('ends when so many at once go well', () => {
    const { start } = setUp();
    start.begin();
    for (let turn = 0; turn < 20 && start.window !== undefined; turn++) round(start, true);
    expect([start.window, start.admits(1_000_000)]).toEqual([undefined, true]);
  });

  it('ends when for long not half of it was used, and not while it is', async () => {
    const { clock, start } = setUp();
    start.begin();
    for (let turn = 0; turn < 4; turn++) round(start, true);
    for (let minute = 0; minute < 10; minute++) {
      await clock.advance(60_000);
      start.answered(windowOf(start), false);
    }
    round(start, true);
    expect(start.window).toBeDefined();
    for (let second = 0; second < 120; second++) {
      await clock.advance(1000);
      start.answered(1, true);
    }
    expect(start.window).toBeUndefined();
  });

  it('begins anew as small as ever', () => {
    const { start } = setUp();
    start.begin();
    const first = windowOf(start);
    for (let turn = 0; turn < 3; turn++) round(start, true);
    start.begin();
    expect(start.window).toBe(first);
  });

  it('always admits somebody, whatever happens', async () => {
    const step = fc.record({
      afterMs: fc.nat({ max: 20_000 }),
      kind: fc.constantFrom('answered', 'late', 'failed', 'begin'),
      inFlight: fc.integer({ min: 1, max: 500 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
        const { clock, start } = setUp();
        for (const { afterMs, kind, inFlight } of steps) {
          await clock.advance(afterMs);
          if (kind === 'begin') start.begin();
          else if (kind === 'failed') start.failed();
          else start.answered(inFlight, kind === 'answered');
          expect(start.admits(0)).toBe(true);
          expect(start.admits(1_000_000)).toBe(start.window === undefined);
        }
      }),
    );
  });
});
