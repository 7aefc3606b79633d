/** The rules by themselves: promtool takes them and their unit tests, and no alert is without a test and a runbook. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROMTOOL, requireTool } from '@leeward/tools';
import { expect, test } from 'vitest';
import { PROMETHEUS_FILES, RULE_FILES, RULE_TESTS, RUNBOOKS } from './places.ts';
import { readRules } from './rule-files.ts';
import { runTool } from './run-tool.ts';
import { unknownMetricsIn } from './known-metrics.ts';

const HEADINGS = ['## What it means', '## Look first', '## Causes', '## What to do'];

test('promtool finds no fault in the rules and in the example of a config', async () => {
  const rules = RULE_FILES.map((name) => join(PROMETHEUS_FILES, name));
  expect(await runTool(requireTool(PROMTOOL), ['check', 'rules', ...rules])).toMatchObject({ code: 0 });
  const config = ['check', 'config', join(PROMETHEUS_FILES, 'prometheus.yaml')];
  expect(await runTool(requireTool(PROMTOOL), config)).toMatchObject({ code: 0 });
});

test.each(await readdir(RULE_TESTS))('promtool runs the unit tests in %s', async (name) => {
  const ran = await runTool(requireTool(PROMTOOL), ['test', 'rules', join(RULE_TESTS, name)]);
  expect(ran.output).not.toContain('FAILED');
  expect(ran.code).toBe(0);
});

test('every alert is seen to fire and not to fire in the unit tests', async () => {
  const names = await readdir(RULE_TESTS);
  const texts = await Promise.all(names.map((name) => readFile(join(RULE_TESTS, name), 'utf8')));
  const text = texts.join('\n');
  const { alerts } = await readRules();
  const untested = alerts.filter(({ alert }) => {
    const fires = text.includes(`labels: ALERTS{alertname="${alert}"`);
    const asked = [
      ...text.matchAll(/expr: ALERTS\{alertname=~?"(?<names>[^"]+)".*\n *eval_time: .*\n *exp_samples: \[\]/g),
    ];
    const rests = asked.some(({ groups }) => new RegExp(`^(?:${groups?.['names'] ?? ''})$`).test(alert));
    return !fires || !rests;
  });
  expect(untested.map(({ alert }) => alert)).toEqual([]);
});

test('every alert has its runbook and every runbook its alert, with the same four parts and the same severity', async () => {
  const { alerts } = await readRules();
  const pages = (await readdir(RUNBOOKS)).filter((name) => name !== 'README.md').toSorted();
  expect(pages).toEqual(alerts.map(({ alert }) => `${alert}.md`).toSorted());
  const index = await readFile(join(RUNBOOKS, 'README.md'), 'utf8');
  for (const { alert, labels, annotations } of alerts) {
    expect(annotations.runbook_url).toBe(`docs/runbooks/${alert}.md`);
    const text = await readFile(join(RUNBOOKS, `${alert}.md`), 'utf8');
    const missing = [`# ${alert}\n`, `Severity: ${labels.severity}`, ...HEADINGS].filter(
      (part) => !text.includes(part),
    );
    expect({ alert, missing }).toEqual({ alert, missing: [] });
    expect(index).toContain(`[${alert}](${alert}.md)`);
  }
});

test('rules ask for metrics that there are', async () => {
  const { alerts, recordings } = await readRules();
  expect(await unknownMetricsIn([...alerts, ...recordings].map(({ expr }) => expr))).toEqual([]);
});
