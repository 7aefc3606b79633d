import { describe, expect, test } from 'vitest';
import type { LiveTarget, LiveView } from '../admin/live-view.ts';
import { mergeHistories, mergeLive } from './merge-live.ts';

const TALLY = { attempts: 2, failed: 1, promptTokens: 10, completionTokens: 5, costUsd: 0.5 };

function target(id: string, more: Partial<LiveTarget> = {}): LiveTarget {
  return { id, state: 'available', inFlight: 3, freeInMs: 0, tally: TALLY, ...more };
}

function view(more: Partial<LiveView> = {}): LiveView {
  return { targets: [], routes: [], tallies: {}, decisions: [], untold: 1, ...more };
}

describe('the workers’ views', () => {
  test('become one: counts add up, and an ailing target is shown as it ails, with how many say so', () => {
    const ailing = target('a', { state: 'breaker-open', freeInMs: 900 });
    const merged = mergeLive([
      { worker: 1, answer: view({ targets: [target('a'), target('b')], tallies: { r: { requests: 4, failed: 1 } } }) },
      { worker: 2, answer: view({ targets: [ailing], tallies: { r: { requests: 6, failed: 0 } } }) },
      { worker: 3, answer: undefined },
    ]);
    expect(merged.targets).toEqual([
      {
        ...ailing,
        inFlight: 6,
        ailingWorkers: 1,
        tally: { attempts: 4, failed: 2, promptTokens: 20, completionTokens: 10, costUsd: 1 },
      },
      target('b'),
    ]);
    expect(merged.tallies).toEqual({ r: { requests: 10, failed: 1 } });
    expect(merged.untold).toBe(2);
  });

  test('have the decisions of all in order of age, each with its worker, and every route once', () => {
    const route = { name: 'r', model: undefined, picker: 'adaptive', pools: [] };
    const wild = { ...route, name: '*', model: 'x' };
    const merged = mergeLive([
      { worker: 1, answer: view({ routes: [route], decisions: [{ agoMs: 5 }, { agoMs: 50 }] }) },
      { worker: 2, answer: view({ routes: [route, wild], decisions: [{ agoMs: 20 }] }) },
    ]);
    expect(merged.decisions).toEqual([
      { worker: 1, agoMs: 5 },
      { worker: 2, agoMs: 20 },
      { worker: 1, agoMs: 50 },
    ]);
    expect(merged.routes).toEqual([route, wild]);
  });

  test('of nobody are an empty one', () => {
    expect(mergeLive([])).toEqual({ ...view(), untold: 0 });
  });
});

test('the workers’ histories add up step by step', () => {
  const history = (counts: readonly number[]) => ({ stepMs: 2000, targets: { a: counts }, routes: {}, failures: {} });
  const merged = mergeHistories([
    { worker: 1, answer: history([1, 2]) },
    { worker: 2, answer: history([10, 0]) },
  ]);
  expect(merged).toEqual(history([11, 2]));
});
