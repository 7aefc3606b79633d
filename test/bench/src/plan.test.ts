import { describe, expect, test } from 'vitest';
import { readPlan } from './plan.ts';

describe('readPlan', () => {
  test('measures everything five times when nothing is said', () => {
    const plan = readPlan([]);
    expect(plan.rounds).toBe(5);
    expect(plan.only).toEqual(['direct', 'nginx', 'haproxy', 'portkey', 'litellm', 'smg', 'leeward']);
    expect(plan.measures).toEqual(['small', 'open-loop', 'streams', 'bodies', 'memory', 'pick', 'workers']);
  });

  test('always keeps the direct way, which the others are compared with', () => {
    expect(readPlan(['--only', 'leeward, nginx']).only).toEqual(['direct', 'nginx', 'leeward']);
  });

  test('a quick run is shorter in every measure', () => {
    const [quick, full] = [readPlan(['--quick']), readPlan([])];
    for (const length of ['rounds', 'warmUpMs', 'smallMs', 'openLoopMs', 'bodyMs'] as const) {
      expect(quick[length]).toBeLessThan(full[length]);
    }
  });

  test.each([
    [['--only', 'apache'], '--only: "apache" is none of direct, nginx'],
    [['--measure', 'speed'], '--measure: "speed" is none of small'],
    [['--rounds', '0'], '--rounds: "0" is not a whole number'],
    [['--rounds', 'many'], '--rounds: "many" is not a whole number'],
    [['--fast'], "Unknown option '--fast'"],
  ])('refuses %j', (args, message) => {
    expect(() => readPlan(args)).toThrow(message);
  });
});
