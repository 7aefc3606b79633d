import type { AttemptReport, ExchangeEnd, ExchangeReport } from '@leeward/failover';
import { scriptedFleet, seededRng, VirtualClock } from '@leeward/testkit';
import { CANCELLED, fault, type Member, OK, type Outcome } from '@leeward/upstream';
import { readClientRequest } from '@leeward/wire';
import { expect, test } from 'vitest';
import type { FinishedExchange } from '../visit.ts';
import { Traffic } from './traffic.ts';

const clock = new VirtualClock();
const MODEL = 'mistral-large-latest';
const { fleet } = scriptedFleet({ clock, rng: seededRng(1) }, { mistral: { keys: ['a', 'b'], script: () => [] } });
const [a, b] = fleet.pool([{ provider: 'mistral', model: MODEL, weight: 1 }]);
const client = readClientRequest(
  'chat',
  'mistral',
  Buffer.from('{"model":"m","messages":[{"role":"user","content":"p"}]}'),
);

function attempt(member: Member | undefined, outcome: Outcome): AttemptReport {
  if (member === undefined) throw new Error('the pool has two members');
  const times = { startedAtMs: 0, endedAtMs: 1, firstTokenAtMs: undefined };
  return { member, poolIndex: 0, cause: 'first', candidates: [], status: undefined, outcome, ...times };
}

function finished(
  attempts: readonly AttemptReport[],
  more: Partial<ExchangeReport> = {},
  status = 200,
): FinishedExchange {
  const end = { kind: 'cancelled' } as ExchangeEnd;
  const times = { startedAtMs: 0, endedAtMs: 1, firstTokenAtMs: undefined, waitedMs: 0, maxGapMs: 0 };
  return {
    visit: { requestId: 'r', clientName: 'c', startedAtMs: 0 },
    client,
    path: '/v1/chat/completions',
    url: '/v1/chat/completions',
    isTls: false,
    route: 'large',
    picker: 'adaptive',
    affinity: undefined,
    report: { end, attempts, usage: undefined, ...times, ...more },
    status,
    traceId: undefined,
  };
}

const USAGE = {
  promptTokens: 1000,
  completionTokens: 500,
  totalTokens: 1500,
  cachedTokens: 0,
  reasoningTokens: 0,
} as ExchangeReport['usage'];

test('counts every attempt where it was made, and tokens and money where the answer came from', () => {
  const traffic = new Traffic(clock);
  traffic.count(finished([attempt(a, fault('reset')), attempt(b, OK)], { usage: USAGE }));
  traffic.count(finished([attempt(a, CANCELLED)]));
  expect(traffic.of(`mistral/a/${MODEL}`)).toMatchObject({ attempts: 2, failed: 1, promptTokens: 0, costUsd: 0 });
  const served = traffic.of(`mistral/b/${MODEL}`);
  expect(served).toMatchObject({ attempts: 1, failed: 0, promptTokens: 1000, completionTokens: 500 });
  expect(served.costUsd).toBeGreaterThan(0);
  expect(traffic.of('mistral/c/none')).toMatchObject({ attempts: 0 });
});

test('counts what clients were failed by route, and remembers when for five minutes', async () => {
  const traffic = new Traffic(clock);
  traffic.count(finished([attempt(a, OK)], { end: { kind: 'refused' } as ExchangeEnd }, 503));
  traffic.count(finished([attempt(a, OK)], {}, 499));
  expect(traffic.routes).toEqual({ large: { requests: 2, failed: 1 } });
  await clock.advance(4000);
  const { stepMs, routes, failures, targets } = traffic.history;
  const twoStepsAgo = [1, 0, 0];
  expect(stepMs).toBe(2000);
  expect(routes['large']?.slice(-3)).toEqual([2, 0, 0]);
  expect(failures['large']?.slice(-3)).toEqual(twoStepsAgo);
  expect(targets[`mistral/a/${MODEL}`]?.slice(-3)).toEqual([2, 0, 0]);
  await clock.advance(300_000);
  expect(traffic.history.routes['large']?.some((count) => count > 0)).toBe(false);
});

test('forgets the oldest of thousands of names, so that clients cannot make it grow', () => {
  const traffic = new Traffic(clock);
  for (let number = 0; number < 3000; number++) traffic.count({ ...finished([]), route: `r-${number}` });
  const names = Object.keys(traffic.routes);
  expect([names.length, names[0], names.at(-1)]).toEqual([2048, 'r-952', 'r-2999']);
});
