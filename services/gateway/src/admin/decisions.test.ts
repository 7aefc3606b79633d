import { describe, expect, test } from 'vitest';
import { type DecisionFilter, Decisions } from './decisions.ts';
import type { Explained } from './explain.ts';

function exchange(number: number, more: Partial<Explained> = {}): Explained {
  return {
    requestId: `r-${number}`,
    client: 'c',
    route: '*',
    model: 'm',
    surface: 'chat',
    stream: false,
    picker: 'adaptive',
    affinity: undefined,
    status: 200,
    end: 'answered',
    code: undefined,
    servedBy: undefined,
    attempts: [],
    startedAtMs: number,
    endedAtMs: number + 5,
    firstTokenAtMs: undefined,
    ...more,
  };
}

const ids = (decisions: Decisions, filter?: DecisionFilter) =>
  decisions.list(10_000, filter).map((one) => ('requestId' in one ? one.requestId : ''));

test('the last 256 are kept, the newest first, through any number of turns of the ring', () => {
  const decisions = new Decisions();
  expect(ids(decisions)).toEqual([]);
  for (let number = 1; number <= 1000; number++) {
    decisions.add(exchange(number));
    const kept = Math.min(number, 256);
    const shown = ids(decisions);
    expect(shown).toHaveLength(kept);
    expect([shown[0], shown.at(-1)]).toEqual([`r-${number}`, `r-${number - kept + 1}`]);
  }
});

test('ages are told from now', () => {
  const decisions = new Decisions();
  decisions.add(exchange(100));
  expect(decisions.list(1105)).toEqual([expect.objectContaining({ agoMs: 1000, durationMs: 5, attempts: [] })]);
});

describe('a filter', () => {
  const decisions = new Decisions();
  decisions.add(exchange(1, { route: 'large' }));
  decisions.add(exchange(2, { end: 'refused', status: 503 }));
  decisions.add(exchange(3, { end: 'broken' }));
  decisions.add(exchange(4, { end: 'cancelled', status: 499 }));
  decisions.add(exchange(5, { route: 'large', status: 422 }));
  decisions.add(exchange(5, { route: '*' }));

  test.each<[DecisionFilter, string[]]>([
    [{ route: 'large' }, ['r-5', 'r-1']],
    [{ request: 'r-5' }, ['r-5', 'r-5']],
    [{ request: 'r-5', route: '*' }, ['r-5']],
    [{ request: 'r-6' }, []],
    // Whoever left was not failed.
    [{ failed: true }, ['r-5', 'r-3', 'r-2']],
    [{ failed: false }, ['r-5', 'r-4', 'r-1']],
    [{ limit: 2 }, ['r-5', 'r-5']],
    [{ failed: true, limit: 1 }, ['r-5']],
    [{ target: 'mistral/a/m' }, []],
  ])('of %j leaves what it names, the newest first', (filter, wanted) => {
    expect(ids(decisions, filter)).toEqual(wanted);
  });
});
