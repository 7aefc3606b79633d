/** What a node says of itself on its admin port. */
import type { GatewayNode } from './gateway-node.ts';

export interface PeersPage {
  readonly self: { readonly peer: string; readonly epoch: number; readonly health: number; readonly bus: string };
  readonly peers: readonly {
    readonly peer: string;
    readonly epoch: number;
    readonly ageMs: number;
    readonly draining: boolean;
  }[];
  readonly shares: readonly {
    readonly quota: string;
    readonly requestsShare?: number | undefined;
  }[];
}

export interface ReadyPage {
  readonly httpStatus: number;
  readonly status: string;
  readonly degraded?: readonly string[] | undefined;
  readonly inFlight: number;
}

export function peersOf(node: GatewayNode): Promise<PeersPage> {
  return get<PeersPage>(`${node.adminUrl}/admin/peers`);
}

export async function readinessOf(node: GatewayNode): Promise<ReadyPage> {
  const response = await fetch(`${node.adminUrl}/healthz/ready`);
  return { ...((await response.json()) as Omit<ReadyPage, 'httpStatus'>), httpStatus: response.status };
}

/** By target id. */
export async function targetStatesOf(node: GatewayNode): Promise<Readonly<Record<string, string>>> {
  const { targets } = await get<{ readonly targets: readonly { readonly id: string; readonly state: string }[] }>(
    `${node.adminUrl}/admin/targets`,
  );
  return Object.fromEntries(targets.map(({ id, state }) => [id, state]));
}

/** The sum of a metric's series that carry all of these labels; 0 when there is none. */
export async function metricOf(
  node: GatewayNode,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await fetch(`${node.adminUrl}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => wanted.every((pair) => line.includes(pair)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
