import fc from 'fast-check';
import { expect, it } from 'vitest';
import { countTokens, cutIntoGroups, firstTokens } from './tokens.ts';

it('counts four characters as one token', () => {
  expect([countTokens(''), countTokens('a'), countTokens('abcd'), countTokens('abcde')]).toEqual([0, 1, 1, 2]);
});

it('cuts a text into groups that join to the same text, never inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 5 }), (text, size) => {
      const groups = cutIntoGroups(text, () => size);
      expect(groups.map((group) => group.text).join('')).toBe(text);
      for (const group of groups) expect(group.text.isWellFormed()).toBe(true);
    }),
    { seed: 1 },
  );
  expect(firstTokens('abc🌊def', 1)).toBe('abc🌊');
});
