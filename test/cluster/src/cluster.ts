/**
 * A whole cluster on loopback: one simulated provider with a workspace per key, a real NATS server, and nodes of one
 * config between them. What is started here is stopped here, in the order that lets everyone say goodbye.
 */
import type { SimulatorOptionsInput } from '@leeward/mistral-sim';
import { NatsServer } from '@leeward/tools';
import { peersOf, targetStatesOf } from './admin-pages.ts';
import { GatewayNode } from './gateway-node.ts';
import { lastingPort } from './lasting-port.ts';
import { NatsLink } from './nats-link.ts';
import { SimulatorProcess } from './simulator-process.ts';

export const ROUTE = 'mistral-small-latest';
export const CLIENT_KEY = 'cluster-client-key';
export const CLUSTER_NAME = 'test';

export interface ClusterOptions {
  readonly nodes?: number;
  /** Keys, each of a workspace and quota group of its own. */
  readonly keys?: number;
  readonly simulator?: SimulatorOptionsInput;
  /** Of each key's workspace, as the gateways are told; absent: they have to learn it. */
  readonly requestsPerMinute?: number;
  /** Each node reaches NATS through a link of its own that can be cut. */
  readonly links?: 'open' | 'cut';
  /** Whether the NATS server runs from the start. */
  readonly nats?: 'running' | 'absent';
}

/** Far above what a busy machine adds, and short enough that nobody waits long for one answer. */
export const LATENCY = { firstTokenMs: 40, perTokenMs: 1 };

/** Short: what is slow here is the machine, and a test that waits for silence tells nothing. */
const TIMEOUTS = { connectMs: 5000, firstTokenMs: 10_000, answerMs: 10_000, idleMs: 10_000, totalMs: 60_000 };

export class Cluster {
  readonly nats: NatsServer;
  readonly simulator: SimulatorProcess;
  readonly nodes: readonly GatewayNode[];
  readonly links: readonly NatsLink[];

  private constructor(parts: Pick<Cluster, 'nats' | 'simulator' | 'nodes' | 'links'>) {
    this.nats = parts.nats;
    this.simulator = parts.simulator;
    this.nodes = parts.nodes;
    this.links = parts.links;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const keys = options.keys ?? 5;
    const nats = new NatsServer({ takePort: lastingPort });
    const simulator = new SimulatorProcess({
      defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
      latency: LATENCY,
      workspaces: Object.fromEntries(range(keys).map((key) => [workspaceOf(key), { keys: [secretOf(key)] }])),
      ...options.simulator,
    });
    const links: NatsLink[] = [];
    const nodes: GatewayNode[] = [];
    const cluster = new Cluster({ nats, simulator, nodes, links });
    try {
      await Promise.all([nats.start(), simulator.start()]);
      if (options.nats === 'absent') await nats.kill();
      const names = range(options.nodes ?? 3).map((index) => `node-${index}`);
      if (options.links !== undefined) {
        const link = { isCut: options.links === 'cut' };
        links.push(...(await Promise.all(names.map(() => NatsLink.open(nats.port, link)))));
      }
      for (const [index, name] of names.entries()) {
        const config = configOf({ ...options, keys }, simulator.mistralUrl, links[index]?.url ?? nats.url);
        nodes.push(new GatewayNode({ name, config, env: environmentOf(keys) }));
      }
      await Promise.all(nodes.map((node) => node.start()));
    } catch (error) {
      // What runs already would keep the test's process from ending.
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  node(index: number): GatewayNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  }

  /** Whether each of these nodes has heard of each other lately. */
  async isWhole(nodes: readonly GatewayNode[] = this.nodes): Promise<boolean> {
    const pages = await Promise.all(nodes.map(peersOf));
    const ids = pages.map(({ self }) => self.peer);
    return pages.every(({ self, peers }) => {
      const near = peers.filter(({ ageMs }) => ageMs < RECENT_MS).map(({ peer }) => peer);
      return ids.every((id) => id === self.peer || near.includes(id));
    });
  }

  /** What each node says of this key's target. */
  async statesOf(key: number): Promise<readonly string[]> {
    const states = await Promise.all(this.nodes.map(targetStatesOf));
    return states.map((state) => state[targetOf(key)] ?? 'unknown');
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
    for (const link of this.links) link.close();
    this.nats.thaw();
    await Promise.all([this.nats.end(), this.simulator.stop()]);
  }
}

/** Several of the digests that peers of so small a cluster send each second. */
const RECENT_MS = 1500;

export function targetOf(key: number): string {
  return `mistral/${nameOf(key)}/${ROUTE}`;
}

export function workspaceOf(key: number): string {
  return `workspace-${key}`;
}

export function secretOf(key: number): string {
  return `sim-key-${key}`;
}

export function nameOf(key: number): string {
  return `key-${key}`;
}

export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function environmentOf(keys: number): Readonly<Record<string, string>> {
  const secrets = range(keys).map((key): [string, string] => [`CLUSTER_KEY_${key}`, secretOf(key)]);
  return { CLUSTER_CLIENT_KEY: CLIENT_KEY, ...Object.fromEntries(secrets) };
}

function configOf(
  { keys, requestsPerMinute }: { readonly keys: number; readonly requestsPerMinute?: number },
  mistralUrl: string,
  natsUrl: string,
): object {
  const limits = requestsPerMinute === undefined ? {} : { [ROUTE]: { requestsPerMinute } };
  return {
    auth: { clientKeys: [{ name: 'cluster', secret: 'env:CLUSTER_CLIENT_KEY' }] },
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: mistralUrl,
        quotaGroups: Object.fromEntries(range(keys).map((key) => [workspaceOf(key), { limits }])),
        keys: range(keys).map((key) => ({
          name: nameOf(key),
          secret: `env:CLUSTER_KEY_${key}`,
          quotaGroup: workspaceOf(key),
        })),
      },
    },
    routes: { [ROUTE]: { pools: [[{ provider: 'mistral' }]], timeouts: TIMEOUTS } },
    cluster: { name: CLUSTER_NAME, nats: { servers: [natsUrl] } },
    // A rollout ends within the test.
    limits: { drainMs: 15_000 },
    telemetry: { logLevel: 'debug', accessLog: false },
  };
}
