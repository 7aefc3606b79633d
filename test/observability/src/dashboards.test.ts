/** The dashboards by themselves; that they show something is seen in storm.test.ts. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expressionsOf, generated } from '@leeward/dashboards';
import { PROMTOOL, requireTool } from '@leeward/tools';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { plain } from './ask-dashboards.ts';
import { unknownMetricsIn } from './known-metrics.ts';
import { GRAFANA_FILES, RUNBOOKS } from './places.ts';
import { runTool } from './run-tool.ts';

const names = [...generated().keys()];

const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(GRAFANA_FILES, name), 'utf8'));

test('deploy/grafana holds the dashboards and nothing else that Grafana would take for one', async () => {
  const files = (await readdir(GRAFANA_FILES)).filter((name) => name.endsWith('.json'));
  expect(files.toSorted()).toEqual(names.toSorted());
});

test.each(names)(
  '%s is what its source says (else: npm exec -- node deploy/dashboards/src/write-dashboards.ts)',
  async (name) => {
    expect(await read(name)).toEqual(JSON.parse(JSON.stringify(generated().get(name))));
  },
);

test.each(names)('every expression of %s is PromQL, and asks for metrics that there are', async (name) => {
  const expressions = expressionsOf(await read(name));
  expect(expressions.length).toBeGreaterThan(10);
  expect(await unknownMetricsIn(expressions.map(({ expr }) => expr))).toEqual([]);
  const rules = expressions.map(({ expr }, index) => ({ record: `panel_${index}`, expr: plain(expr, '1h') }));
  const folder = await mkdtemp(join(tmpdir(), 'leeward-dashboards-'));
  const path = join(folder, 'rules.yaml');
  await writeFile(path, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
  const { output } = await runTool(requireTool(PROMTOOL), ['check', 'rules', '--lint=none', path]);
  expect(output).toContain(`SUCCESS: ${expressions.length} rules found`);
  await rm(folder, { recursive: true });
});

test('a runbook sends its reader to dashboards, rows and panels that there are', async () => {
  const whole = JSON.stringify(await Promise.all(names.map(read)));
  const titles = [...whole.matchAll(/"title":("(?:[^"\\]|\\.)*")/g)].map(([, title = '""']) =>
    String(JSON.parse(title)),
  );
  // "Leeward / Overview" is called by its last name, "CPU seconds, p99" by its first.
  const known = new Set(titles.flatMap((title) => [title, title.replace(/^.* \/ /, ''), title.replace(/, .*$/, '')]));
  const pages = (await readdir(RUNBOOKS)).filter((name) => name !== 'README.md');
  const dead = await Promise.all(
    pages.map(async (page) => {
      const text = (await readFile(join(RUNBOOKS, page), 'utf8')).replaceAll('Prometheus, *Targets*', '');
      const named = text.matchAll(/(?<!\*)\*(?<name>[^*\n]+)\*(?!\*)/g);
      return Array.from(named, ({ groups }) => groups?.['name'] ?? '').flatMap((name) =>
        known.has(name) ? [] : [`${page}: ${name}`],
      );
    }),
  );
  expect(dead.flat()).toEqual([]);
});

test('latencies link to traces, by the label that the gateway’s exemplars have', async () => {
  const all = await Promise.all(names.map(async (name) => expressionsOf(await read(name))));
  const linked = all.flat().filter(({ exemplars }) => exemplars);
  expect(linked.length).toBeGreaterThanOrEqual(4);
  expect(linked.every(({ expr }) => /leeward_(?:time_to_first_token|request_duration)_seconds_bucket/.test(expr))).toBe(
    true,
  );
  const provisioned: unknown = parse(
    await readFile(join(GRAFANA_FILES, 'provisioning/datasources/leeward.yaml'), 'utf8'),
  );
  expect(provisioned).toMatchObject({
    datasources: [
      {
        type: 'prometheus',
        jsonData: { exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: 'traces' }] },
      },
      { uid: 'traces' },
    ],
  });
});
