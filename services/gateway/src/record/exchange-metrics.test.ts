import type { AttemptReport } from '@leeward/failover';
import { createMetrics } from '@leeward/telemetry';
import { CANCELLED, fault, type Member } from '@leeward/upstream';
import { describe, expect, test } from 'vitest';
import { attemptAt, finishedExchange, twoMembers } from '../fixtures/finished-exchange.ts';
import { sumOf } from '../fixtures/open-gateway.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';

const [a, b] = twoMembers();

function attempt(
  member: Member,
  cause: AttemptReport['cause'],
  [startedAtMs, endedAtMs]: readonly [number, number],
  more: Partial<AttemptReport> = {},
): AttemptReport {
  return attemptAt(member, { cause, startedAtMs, endedAtMs, ...more });
}

/** The exchange began at 1000 ms. */
function counted(attempts: readonly AttemptReport[], firstTokenAtMs?: number) {
  const metrics = createMetrics({ seriesLimit: 100, version: '0' });
  const report = { attempts, startedAtMs: 1000, endedAtMs: 3000, firstTokenAtMs };
  new ExchangeMetrics(metrics, (model) => model).count(finishedExchange(report));
  return async (name: string, ...labels: string[]) => sumOf((await metrics.text(undefined)).body, name, labels);
}

describe('a hedge', () => {
  const committed = { firstTokenAtMs: 1600 };

  test.each<[string, readonly AttemptReport[]]>([
    ['won', [attempt(a, 'first', [1000, 1600], { outcome: CANCELLED }), attempt(b, 'hedge', [1500, 2000], committed)]],
    [
      'won',
      [
        attempt(a, 'first', [1000, 1600], { outcome: CANCELLED }),
        attempt(b, 'hedge', [1500, 2000], { ...committed, outcome: fault('truncated') }),
      ],
    ],
    ['lost', [attempt(b, 'hedge', [1500, 1600], { outcome: CANCELLED }), attempt(a, 'first', [1000, 2000], committed)]],
    [
      'failed',
      [attempt(b, 'hedge', [1500, 1550], { outcome: fault('reset') }), attempt(a, 'first', [1000, 2000], committed)],
    ],
  ])('that %s is counted as such, and is no retry of what it ran beside', async (result, attempts) => {
    const metric = counted(attempts, 1600);
    expect(await metric('leeward_hedges_total', 'route="large"')).toBe(1);
    expect(await metric('leeward_hedges_total', `result="${result}"`)).toBe(1);
    expect(await metric('leeward_retries_total')).toBe(0);
    expect(await metric('leeward_attempts_total')).toBe(2);
  });

  test('counts in the overhead only for the time that nobody else was waited for', async () => {
    const metric = counted(
      [attempt(a, 'first', [1010, 1600], { outcome: CANCELLED }), attempt(b, 'hedge', [1500, 2000], committed)],
      1600,
    );
    expect(await metric('leeward_overhead_seconds_sum')).toBeCloseTo(0.01, 9);
  });

  test('that failed like the one it helped leaves one retry, by what ended last', async () => {
    const metric = counted([
      attempt(b, 'hedge', [1500, 1550], { outcome: fault('reset') }),
      attempt(a, 'first', [1000, 1700], { outcome: fault('first-token-timeout') }),
      attempt(b, 'sibling', [1700, 1800], { outcome: fault('status-5xx') }),
    ]);
    expect(await metric('leeward_retries_total')).toBe(1);
    expect(await metric('leeward_retries_total', 'reason="first-token-timeout"')).toBe(1);
  });
});

describe('a failover', () => {
  test.each([
    ['of an attempt is counted by what ended it', [{}, { poolIndex: 1 }], 'reset'],
    ['past a pool of which nobody could be asked is counted, too', [{ poolIndex: 1 }], 'unavailable'],
  ] as const)('%s', async (_sentence, places, reason) => {
    const metric = counted(
      places.map((place, index) =>
        attempt(index === 0 ? a : b, index === 0 ? 'first' : 'next-pool', [1000, 1100], {
          outcome: fault('reset'),
          ...place,
        }),
      ),
    );
    expect(await metric('leeward_failovers_total')).toBe(1);
    expect(await metric('leeward_failovers_total', 'route="large"', `reason="${reason}"`)).toBe(1);
  });

  test('is none while the first pool is asked', async () => {
    const metric = counted([
      attempt(a, 'first', [1000, 1100], { outcome: fault('reset') }),
      attempt(b, 'sibling', [1100, 1200]),
    ]);
    expect(await metric('leeward_failovers_total')).toBe(0);
  });
});

describe('an attempt in panic', () => {
  test('is counted by its outcome, and as a retry only where something went before it', async () => {
    const alone = counted([attempt(a, 'panic', [1000, 1100])]);
    expect(await alone('leeward_panic_attempts_total', 'route="large"', 'outcome="ok"')).toBe(1);
    expect(await alone('leeward_retries_total')).toBe(0);
    const after = counted([
      attempt(a, 'first', [1000, 1100], { outcome: fault('reset') }),
      attempt(b, 'panic', [1100, 1200], { outcome: fault('reset') }),
    ]);
    expect(await after('leeward_panic_attempts_total', 'outcome="fault"')).toBe(1);
    expect(await after('leeward_retries_total', 'reason="reset"')).toBe(1);
  });
});
