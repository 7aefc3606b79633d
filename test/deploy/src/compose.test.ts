import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '@leeward/mistral-sim';
import { AMTOOL, NATS_SERVER, PROMTOOL, requireTool } from '@leeward/tools';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environmentOf, layOut, readCompose, type Service } from './compose-file.ts';
import { NodeProcess } from './node-process.ts';
import { COMPOSE, LEEWARD } from './places.ts';
import { runTool } from './run-tool.ts';

const compose = readCompose();
const services = Object.entries(compose.services);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leeward-compose-'));
  for (const [name, service] of services) layOut(service, join(folder, name));
});
afterAll(() => rm(folder, { recursive: true }));

function serviceOf(name: string): Service {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

describe.each(services)('the container %s', (name, service) => {
  it('is nobody, cannot write to its root, and can gain no rights', () => {
    expect(Number.parseInt(service.user, 10)).toBeGreaterThan(0);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
  });

  it('is of one version, or built here', () => {
    if (service.image === 'leeward:compose') return;
    expect(service.image).toMatch(/^[a-z/]+:v?\d+\.\d+\.\d+$/);
  });

  it('can be reached from this machine alone', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('writes to volumes that the file has, and reads its files', () => {
    for (const { type, source, read_only } of service.volumes) {
      if (type === 'volume') expect(Object.keys(compose.volumes)).toContain(source);
      else expect(read_only).toBe(true);
    }
  });

  it('is told of files that it has', () => {
    const words = [...(service.command ?? []), ...Object.values(service.environment)];
    const paths = words.flatMap((word) => /(?:^|=)(\/etc\/\S+)$/.exec(word)?.[1] ?? []);
    for (const path of paths) expect(readFileSync(join(folder, name, path)).length).toBeGreaterThan(0);
  });

  it('calls others by names that there are', () => {
    const files = service.volumes.filter(({ type, source }) => type === 'bind' && !source.startsWith('..'));
    const text = files.map(({ source }) => readFileSync(join(COMPOSE, source), 'utf8').replaceAll(/#.*/g, '')).join();
    const hosts = [...text.matchAll(/([a-z][a-z0-9-]*):\d{4}\b/g)].map(([, host = '']) => host);
    for (const host of hosts) expect(Object.keys(compose.services)).toContain(host);
  });
});

it('publishes no port twice', () => {
  const ports = services.flatMap(([, { ports: published }]) => published.map((port) => port.split(':')[1]));
  expect(new Set(ports).size).toBe(ports.length);
});

describe('what is mounted', () => {
  it.each(['leeward-1', 'leeward-2', 'leeward-3'])('is a config that %s takes', async (name) => {
    const service = serviceOf(name);
    const path = service.command?.at(-1) ?? '';
    const args = [LEEWARD, 'check', join(folder, name, path)];
    const { code, said } = await runTool(process.execPath, args, { env: environmentOf(service) });
    expect(said).toContain('is good: 2 providers, 4 keys, 3 routes');
    expect(said).not.toContain('warning');
    expect(code).toBe(0);
  });

  it('leaves a node more time to stop than its streams may take', () => {
    // The default of limits.drainMs, which the config does not change.
    expect(Number.parseInt(serviceOf('leeward-1').stop_grace_period ?? '', 10)).toBeGreaterThan(310);
  });

  it('is what Prometheus takes, rules included, and asks every node', async () => {
    const path = join(folder, 'prometheus/etc/prometheus/prometheus.yaml');
    const { code, said } = await runTool(requireTool(PROMTOOL), ['check', 'config', path], {});
    expect(said).toMatch(/SUCCESS: 2 rule files found/);
    expect(code).toBe(0);
    const nodes = services.flatMap(([name, { command }]) => (command?.[0] === 'start' ? [`${name}:9090`] : []));
    expect(nodes).toHaveLength(3);
    const config = parse(readFileSync(path, 'utf8')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    expect(config.scrape_configs[0]?.static_configs[0]?.targets).toEqual(nodes);
  });

  it('is what Alertmanager takes', async () => {
    const path = join(folder, 'alertmanager/etc/alertmanager/alertmanager.yaml');
    expect(await runTool(requireTool(AMTOOL), ['check-config', path], {})).toMatchObject({ code: 0 });
  });

  it('gives Grafana its dashboards where it looks for them', () => {
    const provisioned = readFileSync(join(folder, 'grafana/etc/grafana/provisioning/dashboards/leeward.yaml'), 'utf8');
    const { providers } = parse(provisioned) as { providers: { options: { path: string } }[] };
    const path = join(folder, 'grafana', providers[0]?.options.path ?? 'nowhere');
    const dashboards = readdirSync(path).filter((file) => file.endsWith('.json'));
    const titles = dashboards.map((file) => {
      const { title, uid } = JSON.parse(readFileSync(join(path, file), 'utf8')) as Record<string, unknown>;
      return [typeof title, typeof uid];
    });
    expect(titles.length).toBeGreaterThan(3);
    for (const title of titles) expect(title).toEqual(['string', 'string']);
  });
});

it('is, run as it is written, three nodes that find each other with the rights that NATS gives them, and serve', async () => {
  const port = await freePort();
  const rewrite = (service: string, path: string, change: (text: string) => string): string => {
    const to = join(folder, service, path);
    writeFileSync(to, change(readFileSync(to, 'utf8')));
    return to;
  };
  const conf = rewrite('nats', 'etc/nats/nats.conf', (text) => text.replace('0.0.0.0:4222', `127.0.0.1:${port}`));
  const nats = spawn(requireTool(NATS_SERVER), ['--config', conf], {
    env: environmentOf(serviceOf('nats')),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let natsSaid = '';
  nats.stderr.setEncoding('utf8').on('data', (text: string) => {
    natsSaid += text;
  });
  const simulator = await startSimulator({ port: 0, openaiPort: 0, controlPort: 0 });
  const here = (text: string) =>
    text
      .replaceAll(/0\.0\.0\.0:\d+/g, '127.0.0.1:0')
      .replace('http://simulator:4010', simulator.mistralUrl)
      .replace('http://simulator:4011', simulator.openaiUrl)
      .replace('nats:4222', `127.0.0.1:${port}`);
  const nodes = await Promise.all(
    ['leeward-1', 'leeward-2', 'leeward-3'].map((name) => {
      const service = serviceOf(name);
      const config = rewrite(name, service.command?.at(-1) ?? '', here);
      const args = [...(service.command?.slice(0, -1) ?? []), config];
      return NodeProcess.start({ args, env: environmentOf(service) });
    }),
  );
  const peers = async ({ adminUrl }: NodeProcess): Promise<number> => {
    const { peers: all } = (await (await fetch(`${adminUrl}/admin/peers`)).json()) as { peers: readonly object[] };
    return all.length;
  };
  await expect.poll(() => Promise.all(nodes.map(peers)), { timeout: 20_000 }).toEqual([2, 2, 2]);
  for (const { dataUrl, adminUrl } of nodes) {
    expect((await fetch(`${adminUrl}/admin/drain`, { method: 'POST' })).status).toBe(401);
    const answer = await fetch(`${dataUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer try-me' },
      body: JSON.stringify({ model: 'mistral-small-latest', messages: [{ role: 'user', content: 'Say hello' }] }),
    });
    expect(answer.status).toBe(200);
  }
  await Promise.all(nodes.map((node) => node.stop()));
  await simulator.close();
  nats.kill('SIGTERM');
  await once(nats, 'exit');
  expect(natsSaid).not.toMatch(/violation/i);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
