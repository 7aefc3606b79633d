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

/** An exchange that was answered at the first attempt has nothing to tell. */
const ONE = [{ candidates: [], outcome: { kind: 'ok' }, member: { id: 'a' } }] as unknown as Explained['attempts'];

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

describe('new decisions', () => {
  const told = ({ decisions, untold }: ReturnType<Decisions['takeNew']>) => [
    decisions.map((one) => ('requestId' in one ? one.requestId : '')).join(' '),
    untold,
  ];

  test('are told once, and of too many the ones that failed and the newest', () => {
    const decisions = new Decisions();
    expect(told(decisions.takeNew(100, 3))).toEqual(['', 0]);
    decisions.add(exchange(1, { status: 503, end: 'refused' }));
    for (let number = 2; number <= 6; number++) decisions.add(exchange(number, { attempts: ONE }));
    expect(told(decisions.takeNew(100, 3))).toEqual(['r-6 r-5 r-1', 3]);
    expect(told(decisions.takeNew(100, 3))).toEqual(['', 0]);
    decisions.add(exchange(7));
    expect(told(decisions.takeNew(100, 3))).toEqual(['r-7', 0]);
  });

  test('that the ring has lost are counted all the same', () => {
    const decisions = new Decisions();
    for (let number = 1; number <= 1000; number++) decisions.add(exchange(number));
    expect(told(decisions.takeNew(100, 2))).toEqual(['r-1000 r-999', 998]);
  });
});
