/**
 * Counting within a minute, in the two ways that Mistral was observed to count: requests reset on the wall clock's
 * minute, tokens slide. Which is which is not settled, so either rung can be given either window.
 */
import type { Clock } from '@leeward/kernel';

export interface Window {
  used(): number;
  add(amount: number): void;
}

export type WindowKind = 'fixed' | 'sliding';

const WINDOW_MS = 60_000;

export function makeWindow(kind: WindowKind, clock: Clock): Window {
  switch (kind) {
    case 'fixed':
      return fixedWindow(clock);
    case 'sliding':
      return slidingWindow(clock);
  }
}

/** Empties at second 0 of each wall-clock minute. */
function fixedWindow(clock: Clock): Window {
  let minute = -1;
  let sum = 0;
  const turn = () => {
    const now = Math.floor(clock.wallMs() / WINDOW_MS);
    if (now !== minute) {
      minute = now;
      sum = 0;
    }
  };
  return {
    used: () => {
      turn();
      return sum;
    },
    add: (amount) => {
      turn();
      sum += amount;
    },
  };
}

/** Slices of a quarter of a second: fine against a minute, and never more than 241 of them in memory. */
const SLICE_MS = 250;

/** Forgets each amount 60 s after it was added, to the precision of a slice, never sooner. */
function slidingWindow(clock: Clock): Window {
  const slices: { slice: number; amount: number }[] = [];
  let sum = 0;
  const expire = () => {
    const oldest = Math.floor((clock.nowMs() - WINDOW_MS) / SLICE_MS);
    for (let first = slices[0]; first !== undefined && first.slice < oldest; first = slices[0]) {
      sum -= first.amount;
      slices.shift();
    }
  };
  return {
    used: () => {
      expire();
      return sum;
    },
    add: (amount) => {
      expire();
      sum += amount;
      const slice = Math.floor(clock.nowMs() / SLICE_MS);
      const last = slices.at(-1);
      if (last?.slice === slice) last.amount += amount;
      else slices.push({ slice, amount });
    },
  };
}
