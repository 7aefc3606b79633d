/**
 * From the fault to the person on call: real nodes in a storm, scraped by a real Prometheus with our rules (hastened: five
 * minutes in three seconds), whose alerts a real Alertmanager delivers. Afterwards every panel of every dashboard has
 * something to show.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expressionsOf, generated } from '@leeward/dashboards';
import { CLIENT_KEY, Load, ROUTE } from '@leeward/test-cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyPanels, plain } from './ask-dashboards.ts';
import { GRAFANA_FILES } from './places.ts';
import { openScene, type Scene } from './scene.ts';

/** Enough of everything that a share of it says something; little enough for two busy cores. */
const PER_SECOND = 30;

/** What the storm below has to raise, with where it has to be delivered. */
const RAISED: Readonly<Record<string, '/pages' | '/tickets'>> = {
  LeewardAvailabilityFastBurn: '/pages',
  LeewardQuotaGroupCoolingDown: '/tickets',
  LeewardBreakerOpen: '/tickets',
  LeewardFailoverShare: '/tickets',
  LeewardCredentialsRejected: '/tickets',
  LeewardStreamsBreaking: '/tickets',
  LeewardNodeIsolated: '/tickets',
  LeewardConfigRefused: '/tickets',
};

/** What it must not raise: nothing of the kind happens in it. */
const SILENT = [
  'LeewardDown',
  'LeewardNodeDown',
  'LeewardOverloaded',
  'LeewardFirstTokenFastBurn',
  'LeewardFirstTokenSlowBurn',
  'LeewardCostRate',
  'LeewardWorkersRestarting',
  'LeewardTelemetryLost',
];

/** A client that has its first words of a long answer and goes. */
async function leave(dataUrl: string): Promise<void> {
  const leaving = new AbortController();
  const response = await fetch(`${dataUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLIENT_KEY}` },
    body: JSON.stringify({ model: ROUTE, stream: true, messages: [{ role: 'user', content: '[words=5000]' }] }),
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  leaving.abort();
}

/** Seconds are enough; a machine that is shared may need more of them. */
const SOON = { timeout: 90_000, interval: 250 };

let scene: Scene;
let load: Load;
let startedMs = 0;
let stormMs = 0;

beforeAll(async () => {
  scene = await openScene();
  startedMs = Date.now();
  load = new Load(scene.nodes, { perSecond: PER_SECOND, maxRetries: 0, words: 20 }).start();
});

afterAll(async () => {
  await load.stop();
  await scene.stop();
});

test('while all is well no alert fires', async () => {
  await leave(scene.nodes[0].dataUrl);
  await load.more(8 * PER_SECOND);
  const firing = await scene.prometheus.firing();
  // A machine that is shared may be late whatever we do.
  expect([...firing].filter((name) => name !== 'LeewardEventLoopLagging')).toEqual([]);
});

test('in the storm the alerts that are meant for it fire, and are delivered to whom they are meant for', async () => {
  const { simulator, nats, nodes, config, prometheus, alertmanager } = scene;
  stormMs = Date.now();
  // Streams break while others are there to carry them on.
  const breaks = { kind: 'reset-mid-stream', afterChunks: 2 } as const;
  await simulator.setFaults([{ when: { workspace: 'workspace-1' }, probability: 0.5, effect: breaks }]);
  await load.more(2 * PER_SECOND);
  await simulator.setFaults([
    { when: { workspace: 'workspace-1' }, effect: { kind: 'error', error: '500/1000' } },
    { when: { workspace: 'workspace-2' }, effect: { kind: 'error', error: '429/1300', retryAfterSeconds: 5 } },
    { when: { workspace: 'workspace-3' }, effect: { kind: 'revoked' } },
    { when: { personality: 'openai' }, probability: 0.3, effect: breaks },
    { when: { personality: 'openai' }, probability: 0.1, effect: { kind: 'error', error: '500/1000' } },
  ]);
  // What one node has met the other knows, as long as they have a bus.
  await load.more(2 * PER_SECOND);
  await Promise.all([nats.kill(), nodes[1].configure({ ...config, rooutes: {} })]);
  const fired = new Set<string>();
  const missing = async () => {
    for (const name of await prometheus.firing()) fired.add(name);
    return Object.keys(RAISED).filter((name) => !fired.has(name));
  };
  await expect.poll(missing, SOON).toEqual([]);
  const undelivered = () => Object.keys(RAISED).filter((name) => !alertmanager.told('firing').has(name));
  await expect.poll(undelivered, SOON).toEqual([]);
  for (const { path, alert, annotations } of alertmanager.delivered) {
    if (RAISED[alert] !== undefined) expect(`${alert} ${path}`).toBe(`${alert} ${RAISED[alert]}`);
    expect(annotations['runbook_url']).toBe(`docs/runbooks/${alert}.md`);
    // A label or a figure that is not there reads so, or leaves a gap.
    expect(`${annotations['summary']} ${annotations['description']}`).not.toMatch(/<no value>|<error|%!|\/\/|^:/);
  }
  expect(SILENT.filter((name) => fired.has(name))).toEqual([]);
  // For a moment nobody at all is well.
  const nobody = ['mistral', 'openai'] as const;
  await simulator.setFaults(
    nobody.map((personality) => ({ when: { personality }, effect: { kind: 'error', error: '503/3800' } })),
  );
  await load.more(4 * PER_SECOND);
  console.log(`all fired and were delivered ${Math.round((Date.now() - stormMs) / 1000)} s after the storm began`);
});

test('after the storm they end by themselves, and that is delivered, too', async () => {
  const { simulator, nats, nodes, config, prometheus, alertmanager } = scene;
  const calmMs = Date.now();
  await Promise.all([simulator.setFaults([]), nats.start(), nodes[1].configure(config)]);
  const lasting = async () => {
    const firing = await prometheus.firing();
    return Object.keys(RAISED).filter((name) => firing.has(name));
  };
  await expect.poll(lasting, SOON).toEqual([]);
  const untold = () => Object.keys(RAISED).filter((name) => !alertmanager.told('resolved').has(name));
  await expect.poll(untold, SOON).toEqual([]);
  console.log(`all had ended and that was delivered ${Math.round((Date.now() - calmMs) / 1000)} s after the storm`);
});

test.each([...generated().keys()])('every panel of %s shows something of it', async (name) => {
  const json: unknown = JSON.parse(await readFile(join(GRAFANA_FILES, name), 'utf8'));
  expect(await emptyPanels(json, scene.prometheus, { fromMs: startedMs, untilMs: Date.now() })).toEqual([]);
});

test('latencies point at traces', async () => {
  const json: unknown = JSON.parse(await readFile(join(GRAFANA_FILES, 'overview.json'), 'utf8'));
  const linked = expressionsOf(json).filter(({ exemplars }) => exemplars);
  expect(linked.length).toBeGreaterThan(0);
  for (const { expr } of linked) {
    const labels = await scene.prometheus.exemplars(plain(expr, '1h'), startedMs, Date.now());
    expect(labels.length).toBeGreaterThan(0);
    expect(labels.every(({ trace_id: trace }) => /^[0-9a-f]{32}$/.test(trace ?? ''))).toBe(true);
  }
});
