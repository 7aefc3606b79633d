/** What the chart has from elsewhere is as it is there; and what it does with dashboards and rules. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LEAST } from './cases.ts';
import { chartFiles, presentCopies } from './chart-files.ts';
import { render } from './helm.ts';
import { judge } from './judge.ts';
import { CHART, ROOT } from './places.ts';
import { RULES } from './rules/rules.ts';

it('has its schema, its README and its copies as they would be written now', async () => {
  const wanted = chartFiles();
  const stale: string[] = [];
  for (const [path, text] of wanted) {
    const found = await readFile(join(CHART, path), 'utf8').catch(() => undefined);
    if (found !== text) stale.push(path);
  }
  // When something is named here: npm exec -- node test/chart/src/write-chart.ts
  expect([...stale, ...presentCopies().filter((path) => !wanted.has(path))]).toEqual([]);
});

it('is of the version of what it runs', async () => {
  const chart = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')) as object;
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(chart).toMatchObject({ version, appVersion: version });
});

it('makes a ConfigMap of each dashboard and one PrometheusRule of all rules, braces and all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leeward-chart-'));
  const chart = join(folder, 'leeward');
  await cp(CHART, chart, { recursive: true });
  for (const copies of ['files/dashboards', 'files/rules']) {
    await rm(join(chart, copies), { recursive: true, force: true });
    await mkdir(join(chart, copies));
  }
  const dashboard = JSON.stringify({ title: 'Overview', legendFormat: '{{ target }}', expr: 'a{b=~"$c"}' }, null, 2);
  await writeFile(join(chart, 'files/dashboards/overview.json'), dashboard);
  await writeFile(join(chart, 'files/dashboards/targets.json'), dashboard);
  const annotations = { summary: '{{ $labels.target }} is {{ $value | humanize }}' };
  const group = (name: string): object => ({
    name,
    interval: '30s',
    rules: [{ alert: 'Down', expr: 'up == 0', for: '1m', labels: { severity: 'page' }, annotations }],
  });
  await writeFile(join(chart, 'files/rules/alerts.yaml'), JSON.stringify({ groups: [group('a'), group('b')] }));
  await writeFile(join(chart, 'files/rules/records.yaml'), JSON.stringify({ groups: [group('c')] }));

  const apis = ['monitoring.coreos.com/v1'];
  const release = await render({ values: LEAST, kubernetes: '1.37.0', apis, chart });
  const shown = release.all('v1 ConfigMap').filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1');
  expect(shown.map(({ data }) => Object.keys(data ?? {}))).toEqual([
    ['leeward-overview.json'],
    ['leeward-targets.json'],
  ]);
  expect(JSON.parse(shown[0]?.data?.['leeward-overview.json'] ?? '')).toEqual(JSON.parse(dashboard));
  const [rules] = release.all('monitoring.coreos.com/v1 PrometheusRule');
  expect(rules?.spec.groups).toEqual([group('a'), group('b'), group('c')]);
  expect(await judge(release.objects.map((object) => ({ from: 'here', object })))).toEqual([]);
  expect(Object.values(RULES).flatMap((rule) => rule(release))).toEqual([]);

  const without = await render({
    values: { ...LEAST, metrics: { dashboards: { enabled: false } } },
    kubernetes: '1.37.0',
    chart,
  });
  expect(
    without.objects.filter(
      ({ kind, metadata }) => kind === 'PrometheusRule' || 'grafana_dashboard' in (metadata.labels ?? {}),
    ),
  ).toEqual([]);
  await rm(folder, { recursive: true });
});

describe('what helm says when it has installed', () => {
  const notesOf = async (values: object): Promise<string> => {
    // helm shows notes to who has a cluster; as part of an object, everybody sees them.
    const notes = '{{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}';
    const extraObjects = [`{ apiVersion: v1, kind: ConfigMap, metadata: { name: notes }, data: { text: ${notes} } }`];
    const release = await render({ values: { ...values, extraObjects }, kubernetes: '1.37.0' });
    const [text] = release.all('v1 ConfigMap').flatMap(({ data }) => data?.['text'] ?? []);
    return text ?? '';
  };

  it('is where to go next', async () => {
    const { existingSecret } = LEAST.secret;
    const ingress = { ...LEAST.ingress, tlsSecret: 'llm-tls' };
    const notes = await notesOf({ secret: { existingSecret }, ingress });
    expect(notes).toContain('http://prod-leeward.llm:8080/v1');
    expect(notes).toContain('https://llm.example.com/v1');
    expect(notes).toContain('helm test prod --namespace llm');
    expect(notes).toContain('up to 330 s');
    expect(notes).not.toContain('Mind');
  });

  it('is what to mind, where there is something', async () => {
    const notes = await notesOf({
      secret: { data: { 'client-key': 'a', 'mistral-api-key': 'b' } },
      ingress: LEAST.ingress,
      nats: { enabled: false },
      networkPolicy: { enabled: false },
      replicaCount: 1,
    });
    expect(notes.match(/^Mind: .*$/gm)).toHaveLength(5);
  });
});

it('leads from each alert to its runbook where it is told that they can be read', async () => {
  const at = 'https://git.example.com/leeward/blob/main';
  const runbooksOf = async (rules: object): Promise<readonly string[]> => {
    const values = { ...LEAST, metrics: { rules: { enabled: true, ...rules } } };
    const release = await render({ values, kubernetes: '1.37.0' });
    const [made] = release.all('monitoring.coreos.com/v1 PrometheusRule');
    const all = made?.spec.groups?.flatMap((group) => group.rules ?? []) ?? [];
    return all.flatMap(({ alert, annotations }) => (alert === undefined ? [] : [annotations?.['runbook_url'] ?? '']));
  };
  const plain = await runbooksOf({});
  expect(plain).toContain('docs/runbooks/LeewardDown.md');
  for (const runbooksAt of [at, `${at}/`]) {
    expect(await runbooksOf({ runbooksAt })).toEqual(plain.map((path) => `${at}/${path}`));
  }
});
