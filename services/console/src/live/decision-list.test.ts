import { expect, test } from 'vitest';
import { decisionOf } from '../fixtures/views.ts';
import { isWanted, withNew } from './decision-list.ts';

test('decisions that come in two ways are there once, the newest first, and not for ever', () => {
  const asked = withNew([], [decisionOf('b', { agoMs: 10 }), decisionOf('a', { agoMs: 20 })], 1000);
  const both = withNew(asked, [decisionOf('c', { agoMs: 5 }), decisionOf('b', { agoMs: 1010 })], 2000);
  expect(both.map(({ requestId }) => requestId)).toEqual(['c', 'b', 'a']);
  expect(withNew(both, [decisionOf('a', { agoMs: 1020 })], 2000)).toBe(both);
  const many = Array.from({ length: 300 }, (_, number) => decisionOf(`r-${number}`, { agoMs: number }));
  expect(withNew(both, many, 9000)).toHaveLength(120);
});

test('are found by what somebody knows of them, and by how they went', () => {
  const attempt = {
    target: 'mistral/a/large',
    pool: 0,
    cause: 'first',
    candidates: [],
    outcome: 'ok',
    afterMs: 0,
    tookMs: 1,
  };
  const [plain, failed, fallen] = withNew(
    [],
    [
      decisionOf('one', { agoMs: 1, attempts: [attempt] }),
      decisionOf('two', { agoMs: 2, status: 503, end: 'refused', code: 'GW_NO_TARGET' }),
      decisionOf('three', {
        agoMs: 3,
        attempts: [
          { ...attempt, outcome: 'fault', reason: 'reset' },
          { ...attempt, pool: 1 },
        ],
      }),
    ],
    1000,
  );
  const found = (text: string, interest: Parameters<typeof isWanted>[1]['interest'] = 'all') =>
    [plain, failed, fallen].filter((one) => one !== undefined && isWanted(one, { text, interest })).length;
  expect([found(''), found('CHECKOUT'), found('mistral/a'), found('gw_no'), found('reset'), found('none')]).toEqual([
    3, 3, 2, 1, 1, 0,
  ]);
  expect([found('', 'failed'), found('', 'retried'), found('', 'fallen-back'), found('one', 'failed')]).toEqual([
    1, 1, 1, 0,
  ]);
});
