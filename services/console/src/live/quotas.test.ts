import { expect, test } from 'vitest';
import { targetView } from '../fixtures/views.ts';
import { costRows, quotaRows } from './quotas.ts';

const quota = { requestsPerMinute: 100, requestsRemaining: 25, headroom: 0.5 };

test('a quota is told once for all keys that count on it, the scarcest first, and only where there is a limit', () => {
  const rows = quotaRows([
    targetView({ key: 'a', quotaGroup: 'w1', quota, headroom: 0.9 }),
    targetView({ key: 'b', quotaGroup: 'w1', quota, headroom: 0.9 }),
    targetView({ key: 'c', quotaGroup: 'w2', quota, headroom: 0.1 }),
    targetView({ key: 'd', quotaGroup: 'w3' }),
  ]);
  expect(rows).toMatchObject([
    { name: 'mistral/w2/large', keys: ['c'], requests: { used: 75, limit: 100 }, tokens: undefined },
    { name: 'mistral/w1/large', keys: ['a', 'b'] },
  ]);
});

test('cost adds up by model, the dearest first', () => {
  const tally = (costUsd: number) => ({ attempts: 1, failed: 0, promptTokens: 10, completionTokens: 5, costUsd });
  const rows = costRows([
    targetView({ key: 'a', tally: tally(0.1) }),
    targetView({ key: 'b', tally: tally(0.2) }),
    targetView({ model: 'small', tally: tally(5) }),
    targetView({ model: 'idle' }),
  ]);
  expect(rows.map(({ name, costUsd, promptTokens }) => [name, Number(costUsd.toFixed(2)), promptTokens])).toEqual([
    ['mistral/small', 5, 10],
    ['mistral/large', 0.3, 20],
  ]);
});
