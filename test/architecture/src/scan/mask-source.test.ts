import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskSource } from './mask-source.ts';

describe('maskSource', () => {
  it.each([
    ['a line comment', 'a; // Date.now\nb;', 'a;            \nb;'],
    ['a block comment over two lines', 'a /* x\ny */ b', 'a     \n     b'],
    ['the inside of a string, not its quotes', 'f(\'Date.now\', "x")', 'f(\'        \', " ")'],
    ['an escaped quote', "f('a\\'b') + c", "f('    ') + c"],
    ['a comment sign within a string', "f('// x'); g", "f('    '); g"],
    ['the text of a template', '`a Date.now`; b', '`          `; b'],
    ['a regular expression', 'x = /[\'"`]/g; y', 'x = /     /g; y'],
    ['a regular expression with a slash in a class', 'x = /[/]/; y', 'x = /   /; y'],
    ['a regular expression after return', "return /'/;", 'return / /;'],
  ])('blanks %s', (_what, source, masked) => {
    expect(maskSource(source)).toBe(masked);
  });

  it('keeps the code inside a template, also in a nested one', () => {
    expect(maskSource('`a${b + `c${{ d: 1 }.d}e`}f` + g')).toBe('` ${b + ` ${{ d: 1 }.d} `} ` + g');
  });

  it('takes a slash after a value for a division', () => {
    expect(maskSource("a / b / c; f(x) / 2; 'd'")).toBe("a / b / c; f(x) / 2; ' '");
  });

  it('keeps the length and every line break of any text', () => {
    const pieces = fc.array(
      fc.constantFrom('`', '${', '}', "'", '"', '/', '//', '/*', '*/', '\\', '\n', 'a', ' ', '[', ']', '{'),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const source = parts.join('');
        const masked = maskSource(source);
        expect(masked).toHaveLength(source.length);
        expect([...masked.matchAll(/\n/g)].map((found) => found.index)).toEqual(
          [...source.matchAll(/\n/g)].map((found) => found.index),
        );
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
