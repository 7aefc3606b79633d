import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { errorPages } from './error-pages.ts';

const entry = (code: string, status: number): string =>
  `  ${code}: {\n    status: ${status},\n    type: 'server_error',\n  },\n`;
/** Answers each code of the register, so that a test's own breach stands alone. */
const answering = (register: string): string =>
  (register.match(/GW_[A-Z_]+/g) ?? []).map((code) => `f('${code}');`).join('\n');
const breaches = (register: string, page: string, more: Record<string, string> = {}): string[] =>
  errorPages(
    treeOf({
      'libs/kernel/src/errors.ts': `const REGISTER = {\n${register}}`,
      'libs/a/src/answer.ts': answering(register),
      'docs/errors.md': page,
      ...more,
    }),
  );

describe('errorPages', () => {
  it('is content when register and page agree', () => {
    const code = {
      'libs/a/src/a.ts': "throw new GatewayError('GW_A', 'x');",
      'README.md': 'Codes begin with `GW_`, see `GW_A`.',
    };
    expect(
      breaches(entry('GW_A', 400) + entry('GW_B_C', 503), '### GW_A (400)\n\ntext\n\n### `GW_B_C` (503)\n', code),
    ).toEqual([]);
  });

  it.each([
    ['a code without a paragraph', entry('GW_A', 400), '', 'GW_A has no paragraph'],
    [
      'a paragraph without a code',
      entry('GW_A', 400),
      '### GW_A (400)\n### GW_B (500)\n',
      'GW_B is not in the register',
    ],
    [
      'a page that says another status',
      entry('GW_A', 400),
      '### GW_A (404)\n',
      'GW_A is said to be 404, the register says 400',
    ],
    ['a code with two entries', entry('GW_A', 400) + entry('GW_A', 400), '### GW_A (400)\n', 'GW_A has two entries'],
    ['a code with two paragraphs', entry('GW_A', 400), '### GW_A (400)\n### GW_A (400)\n', 'GW_A has two paragraphs'],
    ['a register that cannot be read', '', '', 'no entry found'],
  ])('refuses %s', (_what, register, page, reason) => {
    expect(breaches(register, page)).toEqual([expect.stringContaining(reason)]);
  });

  it('refuses a code that nothing answers, tests apart', () => {
    const unused = { 'libs/a/src/answer.ts': '', 'libs/a/src/answer.test.ts': "f('GW_A');" };
    expect(breaches(entry('GW_A', 400), '### GW_A (400)\n', unused)).toEqual([
      expect.stringContaining('nothing answers GW_A'),
    ]);
  });

  it('refuses a code that only the source or only another page knows', () => {
    expect(breaches(entry('GW_A', 400), '### GW_A (400)\n', { 'libs/a/src/a.ts': "f('GW_OTHER');" })).toEqual([
      'libs/a/src/a.ts: GW_OTHER is not in the register',
    ]);
    expect(breaches(entry('GW_A', 400), '### GW_A (400)\n', { 'README.md': '`GW_OTHER`' })).toEqual([
      'README.md: GW_OTHER is not in the register',
    ]);
  });
});
