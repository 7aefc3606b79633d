import { describe, expect, test } from 'vitest';
import { readDecisionFilter } from './decision-filter.ts';

const read = (query: string) => readDecisionFilter(new URLSearchParams(query));

describe('a query for decisions', () => {
  test('is read as it is meant', () => {
    expect(read('')).toEqual({ kind: 'ok', filter: {} });
    expect(read('route=*&target=p/a/org%2Fm&request=r%201&failed=true&limit=256')).toEqual({
      kind: 'ok',
      filter: { route: '*', target: 'p/a/org/m', request: 'r 1', failed: true, limit: 256 },
    });
    expect(read('failed=false&limit=1')).toMatchObject({ filter: { failed: false, limit: 1 } });
  });

  test.each([
    ['rout=x', '"rout": not a filter; these are: route, target, request, failed, limit.'],
    ['route=', 'route: expected a value, found nothing.'],
    ['route=a&route=b', 'route: expected once, found 2 times.'],
    [`target=${'x'.repeat(513)}`, 'target: expected at most 512 characters, found 513.'],
    ['failed=yes', 'failed: expected true or false, found "yes".'],
    ['limit=0', 'limit: expected a whole number from 1 to 256, found "0".'],
    ['limit=257', 'limit: expected a whole number from 1 to 256, found "257".'],
    ['limit=1e2', 'limit: expected a whole number from 1 to 256, found "1e2".'],
    ['limit=-1', 'limit: expected a whole number from 1 to 256, found "-1".'],
    ['limit=%00', 'limit: expected a whole number from 1 to 256, found "\\u0000".'],
  ])('such as %s is refused with what was expected and what was found', (query, problem) => {
    expect(read(query)).toEqual({ kind: 'refused', problem });
  });
});
