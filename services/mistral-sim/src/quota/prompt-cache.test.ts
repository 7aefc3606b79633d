import { expect, it } from 'vitest';
import { PromptCache } from './prompt-cache.ts';

const block = (letter: string) => letter.repeat(64 * 4);

it('counts the blocks of the longest prompt beginning that was seen', () => {
  const cache = new PromptCache(64);
  expect(cache.look('w', block('a') + block('b') + 'rest')).toBe(0);
  expect(cache.look('w', block('a') + block('b') + 'rest')).toBe(128);
  expect(cache.look('w', block('a') + block('c'))).toBe(64);
  expect(cache.look('w', block('b') + block('b'))).toBe(0);
  expect(cache.look('other', block('a'))).toBe(0);
});

it('counts in blocks of the configured size', () => {
  const cache = new PromptCache(16);
  cache.look('w', 'x'.repeat(100));
  expect(cache.look('w', 'x'.repeat(100))).toBe(16);
  cache.reset();
  expect(cache.look('w', 'x'.repeat(100))).toBe(0);
});
