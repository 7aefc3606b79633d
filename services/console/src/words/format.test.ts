import { describe, expect, test } from 'vitest';
import { count, dollars, duration, percent, rate } from './format.ts';

const plain = (text: string) => text.replaceAll('\u00A0', ' ');

describe('figures', () => {
  test.each([
    [undefined, '–'],
    [null, 'never'],
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1500, '1.5 s'],
    [59_000, '59 s'],
    [300_000, '5 min'],
    [10_800_000, '3 h'],
  ])('of time: %s is %s', (ms, words) => expect(plain(duration(ms))).toBe(words));

  test('of counts, shares, rates and money are as long as they need to be', () => {
    expect([0, 9999, 12_345, 450_000, 5_000_000].map((value) => plain(count(value)))).toEqual([
      '0',
      '9,999',
      '12.3 k',
      '450 k',
      '5 M',
    ]);
    expect([0, 0.001, 0.05, 0.5, 1].map((share) => plain(percent(share)))).toEqual([
      '0 %',
      '0.1 %',
      '5 %',
      '50 %',
      '100 %',
    ]);
    expect([0, 0.04, 2.5, 120].map(rate)).toEqual(['0', '0.0', '2.5', '120']);
    expect([0, 0.0012, 3.456, 12_000].map((usd) => plain(dollars(usd)))).toEqual(['$0', '$0.0012', '$3.46', '$12 k']);
  });
});
