/**
 * Two nodes in a cluster, with three quota groups of Mistral's, a secondary provider, and everything that an SRE has around
 * them: Prometheus, Alertmanager, a webhook, a collector of traces.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLIENT_KEY, GatewayNode, ROUTE, SimulatorProcess } from '@leeward/test-cluster';
import { NatsServer } from '@leeward/tools';
import { AlertmanagerProcess } from './alertmanager-process.ts';
import { PrometheusProcess } from './prometheus-process.ts';

/** Five minutes pass in three seconds, an hour in 36. */
const TIMES = 100;

const SECRETS = ['sim-a', 'sim-a2', 'sim-b', 'sim-c'] as const;

const LATENCY = { firstTokenMs: 40, perTokenMs: 1 };

const TIMEOUTS = { connectMs: 5000, firstTokenMs: 10_000, answerMs: 10_000, idleMs: 10_000, totalMs: 60_000 };

export interface Scene {
  readonly simulator: SimulatorProcess;
  readonly nats: NatsServer;
  readonly nodes: readonly [GatewayNode, GatewayNode];
  readonly config: object;
  readonly prometheus: PrometheusProcess;
  readonly alertmanager: AlertmanagerProcess;
  stop(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const nats = new NatsServer();
  const simulator = new SimulatorProcess({
    latency: LATENCY,
    // Never met by this load, but told in headers, so that there is a quota to show.
    defaultLimit: { requestsPerMinute: 6000, tokensPerMinute: 5_000_000 },
    workspaces: {
      'workspace-1': { keys: ['sim-a', 'sim-a2'] },
      'workspace-2': { keys: ['sim-b'] },
      'workspace-3': { keys: ['sim-c'] },
    },
  });
  const collector = await openCollector();
  const closing: (() => Promise<void>)[] = [
    async () => {
      await Promise.all([nats.end(), simulator.stop()]);
      collector.closeAllConnections();
      collector.close();
    },
  ];
  const stop = async () => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    await Promise.all([nats.start(), simulator.start()]);
    const config = configOf(simulator, nats, collector);
    const secrets = Object.fromEntries(SECRETS.map((secret, at) => [`KEY_${at}`, secret]));
    const env = { CLIENT_KEY, BACKUP: 'sim-openai-key', ...secrets };
    const nodes = [
      new GatewayNode({ name: 'node-0', config, env }),
      new GatewayNode({ name: 'node-1', config, env }),
    ] as const;
    closing.push(async () => void (await Promise.all(nodes.map((node) => node.remove()))));
    await Promise.all(nodes.map((node) => node.start()));
    const alertmanager = await AlertmanagerProcess.start(TIMES);
    closing.push(() => alertmanager.stop());
    const addresses = nodes.map(({ adminUrl }) => adminUrl.replace('http://', ''));
    const prometheus = await PrometheusProcess.start({
      nodes: addresses,
      alertmanager: alertmanager.address,
      times: TIMES,
    });
    closing.push(() => prometheus.stop());
    return { simulator, nats, nodes, config, prometheus, alertmanager, stop };
  } catch (error) {
    // What runs already would keep the test's process from ending.
    await stop();
    throw error;
  }
}

function configOf(simulator: SimulatorProcess, nats: NatsServer, collector: Server): object {
  const groups = ['w1', 'w1', 'w2', 'w3'];
  const names = ['w1-a', 'w1-b', 'w2-a', 'w3-a'];
  const { port } = collector.address() as AddressInfo;
  return {
    auth: { clientKeys: [{ name: 'storm', secret: 'env:CLIENT_KEY' }] },
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: simulator.mistralUrl,
        keys: names.map((name, at) => ({ name, secret: `env:KEY_${at}`, quotaGroup: groups[at] })),
        // The storm is over in seconds, and so is its end to be seen.
        breaker: { maxProbeAfterMs: 1500 },
      },
      backup: {
        dialect: 'openai',
        baseUrl: simulator.openaiUrl,
        keys: [{ name: 'main', secret: 'env:BACKUP' }],
        breaker: { maxProbeAfterMs: 1500 },
      },
    },
    routes: {
      [ROUTE]: {
        pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-4.1-mini' }]],
        timeouts: TIMEOUTS,
        hedge: { maxShare: 0.2, quantile: 0.5 },
      },
    },
    cluster: { name: 'storm', nats: { servers: [nats.url] } },
    limits: { drainMs: 5000 },
    telemetry: { otlp: { endpoint: `http://127.0.0.1:${port}` }, traceSampling: 1, accessLog: false },
  };
}

/** Takes every span and keeps none: what matters here is that there are traces to point at. */
async function openCollector(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
