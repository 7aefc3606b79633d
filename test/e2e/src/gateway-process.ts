/** The gateway of these tests, a process of its own: its config, its secrets, and what its admin port tells of it. */
import type { Simulator } from '@leeward/mistral-sim';
import { type GatewayProcess, startGateway as start } from '@leeward/test-cluster';

export type { GatewayProcess } from '@leeward/test-cluster';

export const CLIENT_KEY = 'e2e-client-key';

type Upstreams = Pick<Simulator, 'mistralUrl' | 'openaiUrl'>;

/**
 * Three workspaces and a secondary provider, with time limits short enough for a test to see each of them pass, and long
 * enough for a thousand chats at once on a machine that has other things to do.
 */
export function configFor(simulator: Upstreams, more: object = {}): object {
  return {
    listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
    auth: { clientKeys: [{ name: 'e2e', secret: 'env:E2E_CLIENT_KEY' }] },
    providers: providersOf(simulator, { name: 'a', secret: 'env:E2E_KEY_A' }),
    routes: {
      'mistral-small-latest': {
        pools: [[{ provider: 'mistral' }], [{ provider: 'backup', model: 'gpt-5-mini' }]],
        timeouts: { connectMs: 4000, firstTokenMs: 4000, answerMs: 4500, idleMs: 4000, totalMs: 60_000 },
      },
    },
    telemetry: { logLevel: 'warn' },
    ...more,
  };
}

/** The same with the first workspace's next key, under a name of its own, as a rotation brings it. */
export function rotatedConfigFor(simulator: Upstreams): object {
  return configFor(simulator, { providers: providersOf(simulator, { name: 'a-next', secret: 'env:E2E_KEY_A2' }) });
}

function providersOf(simulator: Upstreams, firstKey: { readonly name: string; readonly secret: string }): object {
  return {
    mistral: {
      dialect: 'mistral',
      baseUrl: simulator.mistralUrl,
      quotaGroups: { one: {}, two: {}, three: {} },
      keys: [
        { ...firstKey, quotaGroup: 'one' },
        { name: 'b', secret: 'env:E2E_KEY_B', quotaGroup: 'two' },
        { name: 'c', secret: 'env:E2E_KEY_C', quotaGroup: 'three' },
      ],
    },
    backup: {
      dialect: 'openai',
      baseUrl: simulator.openaiUrl,
      keys: [{ name: 'main', secret: 'env:E2E_KEY_BACKUP' }],
    },
  };
}

const SECRETS = {
  E2E_CLIENT_KEY: CLIENT_KEY,
  E2E_KEY_A: 'sim-key-a',
  // The same workspace's second key: what a rotation goes to.
  E2E_KEY_A2: 'sim-key-a2',
  E2E_KEY_B: 'sim-key-b',
  E2E_KEY_C: 'sim-key-c',
  E2E_KEY_D: 'sim-key-d',
  E2E_KEY_E: 'sim-key-e',
  E2E_KEY_BACKUP: 'sim-openai-key',
};

/** `options`: of the command, beside the config. */
export function startGateway(config: object, options: readonly string[] = []): Promise<GatewayProcess> {
  return start({ config, env: SECRETS, options });
}

export interface TargetState {
  readonly id: string;
  readonly key: string;
  readonly state: string;
}

export async function targetsOf(gateway: GatewayProcess): Promise<readonly TargetState[]> {
  const response = await fetch(`${gateway.adminUrl}/admin/targets`);
  const { targets } = (await response.json()) as { targets: readonly TargetState[] };
  return targets;
}

/** Requests of clients that the gateway has under way. */
export async function inFlightOf(gateway: GatewayProcess): Promise<number> {
  const response = await fetch(`${gateway.adminUrl}/healthz/ready`);
  const { inFlight } = (await response.json()) as { inFlight: number };
  return inFlight;
}
