import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hasten } from './hasten.ts';
import { PROMETHEUS_FILES, RULE_FILES } from './places.ts';
import { rulesIn } from './rule-files.ts';

const TIMES = 100;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Found in another way than by what is tested: as words of PromQL. */
function durationsIn(expr: string): number[] {
  const words = expr.match(/[\w:.]+/g) ?? [];
  return words.flatMap((word) => {
    const { count, unit = '' } = /^(?<count>\d+)(?<unit>ms|[smhdwy])$/.exec(word)?.groups ?? {};
    return count === undefined ? [] : [Number(count) * (UNIT_MS[unit] ?? Number.NaN)];
  });
}

function shapeOf(expr: string): string {
  return expr.replaceAll(/(?<![\w:.])\d+(?:ms|[smhdwy])(?!\w)/g, 'DURATION');
}

describe.each(RULE_FILES)('%s, hastened', (name) => {
  test('has every duration divided, and is else what it was', async () => {
    const text = await readFile(join(PROMETHEUS_FILES, name), 'utf8');
    const [rules, fast] = [rulesIn(text), rulesIn(hasten(text, TIMES))];
    expect(fast.length).toBe(rules.length);
    rules.forEach((rule, index) => {
      const hastened = fast[index];
      if (hastened === undefined) throw new Error('a rule is missing');
      expect({ ...hastened, expr: shapeOf(hastened.expr), for: undefined }).toEqual({
        ...rule,
        expr: shapeOf(rule.expr),
        for: undefined,
      });
      expect(durationsIn(hastened.expr)).toEqual(durationsIn(rule.expr).map((ms) => ms / TIMES));
      const waits = [rule, hastened].map((each) =>
        'for' in each && each.for !== undefined ? durationsIn(each.for) : [],
      );
      expect(waits[1]).toEqual(waits[0]?.map((ms) => ms / TIMES));
    });
    expect(rules.flatMap(({ expr }) => durationsIn(expr)).length).toBeGreaterThan(10);
  });
});

test('what cannot be divided into whole milliseconds is refused', () => {
  expect(() => hasten('for: 1s', 3)).toThrow('1s cannot be divided by 3');
});
