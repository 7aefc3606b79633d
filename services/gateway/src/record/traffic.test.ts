import type { ExchangeEnd, ExchangeReport } from '@leeward/failover';
import { VirtualClock } from '@leeward/testkit';
import { CANCELLED, fault } from '@leeward/upstream';
import { expect, test } from 'vitest';
import { attemptAt, finishedExchange, twoMembers } from '../fixtures/finished-exchange.ts';
import { Traffic } from './traffic.ts';

const clock = new VirtualClock();
const [a, b] = twoMembers();

const USAGE = {
  promptTokens: 1000,
  completionTokens: 500,
  totalTokens: 1500,
  cachedTokens: 0,
  reasoningTokens: 0,
} as ExchangeReport['usage'];

test('counts every attempt where it was made, and tokens and money where the answer came from', () => {
  const traffic = new Traffic(clock);
  traffic.count(
    finishedExchange({ attempts: [attemptAt(a, { outcome: fault('reset') }), attemptAt(b)], usage: USAGE }),
  );
  traffic.count(finishedExchange({ attempts: [attemptAt(a, { outcome: CANCELLED })] }));
  expect(traffic.of(a.id)).toMatchObject({ attempts: 2, failed: 1, promptTokens: 0, costUsd: 0 });
  const served = traffic.of(b.id);
  expect(served).toMatchObject({ attempts: 1, failed: 0, promptTokens: 1000, completionTokens: 500 });
  expect(served.costUsd).toBeGreaterThan(0);
  expect(traffic.of('mistral/c/none')).toMatchObject({ attempts: 0 });
});

test('counts what clients were failed by route, and remembers when for five minutes', async () => {
  const traffic = new Traffic(clock);
  traffic.count(finishedExchange({ attempts: [attemptAt(a)], end: { kind: 'refused' } as ExchangeEnd }, 503));
  traffic.count(finishedExchange({ attempts: [attemptAt(a)] }, 499));
  expect(traffic.routes).toEqual({ large: { requests: 2, failed: 1 } });
  await clock.advance(4000);
  const { stepMs, routes, failures, targets } = traffic.history;
  const twoStepsAgo = [1, 0, 0];
  expect(stepMs).toBe(2000);
  expect(routes['large']?.slice(-3)).toEqual([2, 0, 0]);
  expect(failures['large']?.slice(-3)).toEqual(twoStepsAgo);
  expect(targets[a.id]?.slice(-3)).toEqual([2, 0, 0]);
  await clock.advance(300_000);
  expect(traffic.history.routes['large']?.some((count) => count > 0)).toBe(false);
});

test('forgets the oldest of thousands of names, so that clients cannot make it grow', () => {
  const traffic = new Traffic(clock);
  for (let number = 0; number < 3000; number++) traffic.count({ ...finishedExchange({}), route: `r-${number}` });
  const names = Object.keys(traffic.routes);
  expect([names.length, names[0], names.at(-1)]).toEqual([2048, 'r-952', 'r-2999']);
});
