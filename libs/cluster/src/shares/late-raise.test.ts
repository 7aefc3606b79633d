import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LateRaise } from './late-raise.ts';

const HOLD_MS = 100;

it('falls at once', () => {
  const late = new LateRaise();
  late.set(5, 0, HOLD_MS);
  late.set(3, 1, HOLD_MS);
  expect(late.value).toBe(3);
});

it('rises when the lower value has been gone for a hold', () => {
  const late = new LateRaise();
  late.set(3, 0, HOLD_MS);
  late.set(5, 50, HOLD_MS);
  late.set(5, 150, HOLD_MS);
  expect(late.value).toBe(3);
  late.set(5, 151, HOLD_MS);
  expect(late.value).toBe(5);
});

it('knows nothing before it is set and after it was cleared', () => {
  const late = new LateRaise();
  expect(late.value).toBeUndefined();
  late.set(3, 0, HOLD_MS);
  late.clear();
  expect(late.value).toBeUndefined();
  late.set(9, 1, HOLD_MS);
  expect(late.value).toBe(9);
});

it('is the least of what it was within the hold', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 60 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (steps) => {
      const late = new LateRaise();
      const set: { readonly value: number; readonly fromMs: number; untilMs: number }[] = [];
      let nowMs = 0;
      for (const [value, afterMs] of steps) {
        nowMs += afterMs;
        for (const one of set) one.untilMs = Math.min(one.untilMs, nowMs);
        set.push({ value, fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY });
        late.set(value, nowMs, HOLD_MS);
        const counting = set.filter(({ untilMs }) => untilMs + HOLD_MS >= nowMs);
        expect(late.value).toBe(Math.min(...counting.map(({ value }) => value)));
      }
    }),
  );
});

it('rises later, never sooner, when it is raised more often than it remembers', () => {
  const late = new LateRaise();
  for (let nowMs = 0; nowMs < 1_000; nowMs++) {
    late.set(nowMs, nowMs, HOLD_MS);
    expect(late.value).toBeLessThanOrEqual(Math.max(0, nowMs - HOLD_MS));
  }
  late.set(2_000, 2_000, HOLD_MS);
  late.set(2_000, 2_000 + HOLD_MS + 1, HOLD_MS);
  expect(late.value).toBe(2_000);
});
