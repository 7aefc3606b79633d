import { describe, expect, it } from 'vitest';
import { treeOf } from '../tree/tree.ts';
import { papers } from './papers.ts';

const table = (...places: string[]): string =>
  [
    '| to change | go to |',
    '|---|---|',
    ...places.map((place) => `| x | ${place} |`),
    '',
    '| other | `gone.ts` |',
  ].join('\n');
const house = {
  'ARCHITECTURE.md': table('`libs/a/src/a.ts`, `libs/a`'),
  'libs/a/src/a.ts': '',
  'docs/errors.md': '# Errors\n\n### GW_BAD_JSON (400)\n',
};
const breaches = (files: Record<string, string>): string[] => papers(treeOf({ ...house, ...files }));

describe('papers', () => {
  it('is content when links and places exist', () => {
    const text =
      '[a](docs/errors.md) [b](libs/a/) [c](docs/errors.md#gw_bad_json-400) [d](#top) [e](https://example.org/x) `[f](gone.md)`\n# Top\n';
    expect(breaches({ 'README.md': text })).toEqual([]);
    expect(breaches({ 'docs/decisions/0001.md': '[a](../errors.md)' })).toEqual([]);
  });

  it('refuses a link to a file that is not there', () => {
    expect(breaches({ 'README.md': '[a](docs/gone.md)' })).toEqual(['README.md: the link docs/gone.md leads nowhere']);
  });

  it('refuses a link to a heading that is not there', () => {
    expect(breaches({ 'README.md': '[a](docs/errors.md#gone)' })).toEqual([expect.stringContaining('names a heading')]);
  });

  it('refuses a place in the table that does not exist, and a row without one', () => {
    expect(breaches({ 'ARCHITECTURE.md': table('`libs/b`') })).toEqual(['ARCHITECTURE.md: libs/b does not exist']);
    expect(breaches({ 'ARCHITECTURE.md': table('somewhere') })).toEqual([expect.stringContaining('names no place')]);
    expect(breaches({ 'ARCHITECTURE.md': '# Architecture' })).toEqual([expect.stringContaining('no table')]);
  });
});
