/**
 * What was rendered, run: the pods' config and arguments by the gateway, the test pod's script against it, the preStop
 * hook, and NATS' config by a real NATS.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startSimulator } from '@leeward/mistral-sim';
import { NATS_SERVER, requireTool } from '@leeward/tools';
import type { IContainer } from 'kubernetes-models/v1/Container';
import { expect, it } from 'vitest';
import { LEAST, WITH_TLS } from './cases.ts';
import { render } from './helm.ts';
import { CERTIFICATES, podFiles, startNode } from './leeward.ts';
import type { Release } from './release.ts';

const kubernetes = '1.37.0';

function containerOf(release: Release, name: string): IContainer {
  const found = release.pods().flatMap(({ containers }) => containers.filter((one) => one.name === name))[0];
  if (found === undefined) throw new Error(`there is no container ${name}`);
  return found;
}

async function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<[number, string]> {
  const [program = '', ...args] = command;
  const child = spawn(program.replace(/^\/bin\/node$/, process.execPath), args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return [Number(code), `${output}${errors}`];
}

it('goes from one Secret and one address to a node that serves, as helm test sees it', async () => {
  const simulator = await startSimulator({ port: 0, openaiPort: 0, controlPort: 0 });
  const release = await render({ values: { ...LEAST, nats: { enabled: false } }, kubernetes });
  // The vendor and the sockets are of this machine; all else is as rendered.
  const pod = await podFiles(release, { 'mistral-api-key': 'sim-key-a', 'client-key': 'a-client-key' }, (config) =>
    config.replace('https://api.mistral.ai', simulator.mistralUrl).replaceAll(/0\.0\.0\.0:\d+/g, '127.0.0.1:0'),
  );
  const args = containerOf(release, 'leeward').args ?? [];
  const node = await startNode(args.map((word) => word.replace('/etc/leeward/leeward.yaml', pod.config)));

  const { command = [], args: script = [], env = [] } = containerOf(release, 'try-release');
  const told = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  expect(told).toEqual({
    DATA_URL: 'http://prod-leeward:8080',
    ADMIN_URL: 'http://prod-leeward-admin:9090',
    AUTH: 'keys',
    CLIENT_KEY_FILE: '/run/secrets/leeward/client-key',
  });
  const here = {
    ...told,
    DATA_URL: node.dataUrl,
    ADMIN_URL: node.adminUrl,
    CLIENT_KEY_FILE: join(pod.folder, 'client-key'),
  };
  const [code, said] = await run([...command, ...script], here);
  expect(said).toBe(
    'a node is ready: 200\nmetrics are there: 200\nwho has no key is turned away: 401\nmodels are listed to a client: 200\n',
  );
  expect(code).toBe(0);

  const wrong = join(pod.folder, 'mistral-api-key');
  expect(await run([...command, ...script], { ...here, CLIENT_KEY_FILE: wrong })).toEqual([
    1,
    expect.stringContaining('models are listed to a client: expected 200, got 401'),
  ]);
  expect(await run([...command, ...script], { ...here, AUTH: 'none' })).toEqual([
    1,
    expect.stringContaining('models are listed: expected 200, got 401'),
  ]);
  await node.stop();
  await simulator.close();
  await pod.remove();
});

it('tries a release with certificates, and shows its key to nobody it does not know', async () => {
  const release = await render({ values: { ...WITH_TLS, nats: { enabled: false } }, kubernetes });
  const pod = await podFiles(release, CERTIFICATES, (config) => config.replaceAll(/0\.0\.0\.0:\d+/g, '127.0.0.1:0'));
  const node = await startNode(['start', '--config', pod.config]);
  expect([node.dataUrl, node.adminUrl].join()).toMatch(/^https:.*,https:/);
  const { command = [], args: script = [], env = [] } = containerOf(release, 'try-release');
  const told = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  expect(told).not.toHaveProperty('CLIENT_KEY_FILE');
  const [code, said] = await run([...command, ...script], {
    ...told,
    DATA_URL: node.dataUrl,
    ADMIN_URL: node.adminUrl,
  });
  expect(said).toMatch(/metrics are for those who have a certificate: 403\nwho has no key is turned away: 401\n/);
  expect(code).toBe(0);
  await node.stop();
  await pod.remove();
});

it('waits in preStop on a cluster that cannot do it by itself', async () => {
  const release = await render({ values: { ...LEAST, rollout: { preStopSeconds: 1 } }, kubernetes: '1.27.0' });
  const { exec } = containerOf(release, 'leeward').lifecycle?.preStop ?? {};
  const startedMs = performance.now();
  expect(await run(exec?.command ?? [])).toEqual([0, '']);
  expect(performance.now() - startedMs).toBeGreaterThan(999);
});

it.each([
  ['three servers', {}],
  ['one server', { replicaCount: 1 }],
  ['a password', { passwordEntry: 'nats-password' }],
])('configures NATS as NATS wants it: %s', async (_what, nats) => {
  const release = await render({ values: { ...LEAST, nats }, kubernetes });
  const [config] = release.all('v1 ConfigMap').flatMap(({ data }) => data?.['nats.conf'] ?? []);
  const folder = await mkdtemp(join(tmpdir(), 'leeward-nats-'));
  const path = join(folder, 'nats.conf');
  await writeFile(path, config ?? '');
  const { args = [] } = containerOf(release, 'nats');
  const words = args.map((word) => word.replace('/etc/nats/nats.conf', path).replace('$(NATS_PASSWORD)', '1e5 #'));
  const [code, said] = await run([requireTool(NATS_SERVER), '-t', ...words], { POD_NAME: 'prod-leeward-nats-0' });
  expect(said).toContain('configuration file');
  expect(code).toBe(0);
  await rm(folder, { recursive: true });
});
