import { expect, test } from 'vitest';
import { targetOf } from './cluster.ts';
import { lessonOf, quantile } from './lesson.ts';
import { type Attempt, type Hold, NodeLog } from './node-log.ts';

const STRUCK = targetOf(1);
const OTHER = targetOf(2);

function attempt(target: string, pickedAtMs: number, more: Partial<Attempt> = {}): Attempt {
  return { target, outcome: 'ok', pickedAtMs, endedAtMs: pickedAtMs + 10, ...more };
}

const REFUSED = { outcome: 'credentials' };

const node = (name: string, attempts: readonly Attempt[], holds: readonly Hold[] = []) => ({
  name,
  log: { attempts, holds },
});

test('a lesson begins with the first refusal that has ended, wherever it was', () => {
  const lesson = lessonOf(
    [
      node('one', [attempt(STRUCK, 120, REFUSED), attempt(OTHER, 140)]),
      node('two', [attempt(STRUCK, 100, { ...REFUSED, endedAtMs: 110 }), attempt(OTHER, 130)]),
      node(
        'three',
        [attempt(OTHER, 105)],
        [
          { target: OTHER, atMs: 112 },
          { target: STRUCK, atMs: 117 },
        ],
      ),
    ],
    1,
    90,
  );
  expect(lesson).toEqual({
    learner: 'two',
    others: [
      { node: 'one', attempts: 1, heldAfterMs: undefined },
      { node: 'three', attempts: 0, heldAfterMs: 7 },
    ],
  });
});

test('what was before the strike, and what the others had under way already, tells nothing', () => {
  const before = attempt(STRUCK, 50, { outcome: 'fault' });
  const underWay = attempt(STRUCK, 95, { ...REFUSED, endedAtMs: 130 });
  const learner = node('one', [before, attempt(STRUCK, 100, REFUSED)]);
  expect(lessonOf([learner, node('two', [underWay], [{ target: STRUCK, atMs: 60 }])], 1, 90)).toEqual({
    learner: 'one',
    others: [{ node: 'two', attempts: 0, heldAfterMs: undefined }],
  });
  expect(lessonOf([node('one', [before])], 1, 90)).toBeUndefined();
});

test('a log is read in whatever pieces it comes, and what it tells has wall times', () => {
  const decided = JSON.stringify({
    time: '2026-01-01T00:00:01.000Z',
    durationMs: 300,
    attempts: [{ target: STRUCK, outcome: 'ok', afterMs: 100, tookMs: 50 }],
    event: 'exchange-decided',
  });
  const held = JSON.stringify({ time: '2026-01-01T00:00:02.000Z', target: STRUCK, event: 'target-held' });
  const log = new NodeLog();
  for (const piece of ['not json\n{"event":"other"}\n', decided.slice(0, 40), decided.slice(40), `\n${held}\nrest`]) {
    log.read(piece);
  }
  const endMs = Date.parse('2026-01-01T00:00:01.000Z');
  expect(log.attempts).toEqual([{ target: STRUCK, outcome: 'ok', pickedAtMs: endMs - 200, endedAtMs: endMs - 150 }]);
  expect(log.holds).toEqual([{ target: STRUCK, atMs: endMs + 1000 }]);
});

test('a quantile is a value that was there', () => {
  expect(quantile([5, 1, 3], 0.5)).toBe(3);
  expect(quantile([5, 1, 3], 0.99)).toBe(5);
  expect(quantile([], 0.99)).toBe(0);
});
