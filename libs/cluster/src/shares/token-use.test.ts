import { expect, it } from 'vitest';
import { TokenUse } from './token-use.ts';

it('is as told while the peer tells', () => {
  const use = new TokenUse();
  use.hear(6_000, 0);
  expect(use.told).toBe(6_000);
});

it('leaves the window evenly within a minute of the last word', () => {
  const use = new TokenUse();
  use.hear(6_000, 1_000);
  expect(use.faded(1_000)).toBe(6_000);
  expect(use.faded(31_000)).toBe(3_000);
  expect(use.faded(61_000)).toBe(0);
  expect(use.faded(600_000)).toBe(0);
});

it('is nothing before the first word', () => {
  expect(new TokenUse().faded(0)).toBe(0);
});
