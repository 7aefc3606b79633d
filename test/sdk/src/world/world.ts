/**
 * All that stands between a client's SDK and the vendors: the simulator in this process, and a gateway in its own that
 * uses the simulator for both its providers.
 *
 * A fault leaves traces in the gateway (an open breaker, a cooldown), and two tests must not meet in them. So a test
 * that makes faults takes a route of its own, with a model of its own behind it at both vendors.
 */
import { type FaultRuleInput, type Simulator, startSimulator } from '@leeward/mistral-sim';
import { type GatewayProcess, startGateway } from '@leeward/test-cluster';

/**
 * `safe`: the secondary stands behind it. `alone`: no second provider. `brittle`: no resuming either. `impatient`: like
 * `alone`, but does not wait long for a silent vendor.
 */
const ROUTE_KINDS = ['safe', 'alone', 'brittle', 'impatient'] as const;

type RouteKind = (typeof ROUTE_KINDS)[number];

/** More than any one file uses. */
const ROUTES_OF_A_KIND = 24;

export interface World {
  readonly simulator: Simulator;
  /** Without a path. */
  readonly url: string;
  readonly clientKey: string;
  /** The name of a route, and of the model behind it, that no other test uses. */
  takeRoute(kind: RouteKind): string;
  /** Replaces the script of faults; each rule strikes the model at Mistral unless it says otherwise. */
  strike(model: string, ...rules: readonly Strike[]): void;
  stop(): Promise<void>;
}

export type Strike = Omit<FaultRuleInput, 'when'> & { readonly at?: 'mistral' | 'openai' };

/** Served by Mistral, by the secondary when Mistral fails. */
export const MODEL = 'mistral-small-latest';
/** Routes to the secondary alone: what a client sees when the first provider is down. */
export const SECONDARY_MODEL = 'on-the-secondary';
export const SECONDARY_REASONING_MODEL = 'on-the-secondary-reasoning';
export const SECONDARY_EMBEDDING_MODEL = 'on-the-secondary-embedding';

/** Thinks in every answer; reached by the wildcard. */
export const REASONING_MODEL = 'thinks-first';

const CLIENT_KEY = 'key-of-the-client';

export async function startWorld(): Promise<World> {
  const spare = new Map(ROUTE_KINDS.map((kind) => [kind, namesOf(kind)]));
  const models = [...spare.values()].flat();
  const simulator = await startSimulator({
    models: [{ id: REASONING_MODEL, reasoning: 'always' }, ...models.map((id) => ({ id }))],
    // The limits are for the tests of limits to strike.
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
  });
  const gateway = await startBeside(simulator, models);
  return {
    simulator,
    url: gateway.dataUrl,
    clientKey: CLIENT_KEY,
    takeRoute: (kind) => {
      const name = spare.get(kind)?.shift();
      if (name === undefined) throw new Error(`no ${kind} route is left: raise ROUTES_OF_A_KIND`);
      return name;
    },
    strike: (model, ...rules) =>
      simulator.faults.set(rules.map(({ at = 'mistral', ...rule }) => ({ ...rule, when: { model, personality: at } }))),
    stop: async () => {
      await gateway.stop();
      await simulator.close();
    },
  };
}

async function startBeside(simulator: Simulator, models: readonly string[]): Promise<GatewayProcess> {
  try {
    return await startGateway({
      config: configFor(simulator, models),
      env: {
        KEY_CLIENT: CLIENT_KEY,
        KEY_A: 'sim-key-a',
        KEY_B: 'sim-key-b',
        KEY_C: 'sim-key-c',
        KEY_SECONDARY: 'sim-openai-key',
      },
    });
  } catch (error) {
    await simulator.close();
    throw error;
  }
}

function namesOf(kind: RouteKind): string[] {
  return Array.from({ length: ROUTES_OF_A_KIND }, (_, at) => `${kind}-${at + 1}`);
}

/** Short waits between passes: an SDK's test of failing waits for all of them. */
const RETRIES = { maxAttempts: 8, backoffMs: 10, maxBackoffMs: 50 };

/** Long for a simulator on a busy machine, short for a test. Should it be too short, a client notices nothing either. */
const IMPATIENCE = { firstTokenMs: 400, idleMs: 400 };

function configFor(simulator: Simulator, models: readonly string[]): object {
  const secondary = (model: string) => [{ provider: 'secondary', model }];
  return {
    listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
    auth: { clientKeys: [{ name: 'client', secret: 'env:KEY_CLIENT' }] },
    providers: {
      mistral: {
        dialect: 'mistral',
        baseUrl: simulator.mistralUrl,
        quotaGroups: { 'workspace-1': {}, 'workspace-2': {}, 'workspace-3': {} },
        keys: [
          { name: 'a', secret: 'env:KEY_A', quotaGroup: 'workspace-1' },
          { name: 'b', secret: 'env:KEY_B', quotaGroup: 'workspace-2' },
          { name: 'c', secret: 'env:KEY_C', quotaGroup: 'workspace-3' },
        ],
      },
      secondary: {
        dialect: 'openai',
        baseUrl: simulator.openaiUrl,
        keys: [{ name: 'main', secret: 'env:KEY_SECONDARY' }],
      },
    },
    routes: {
      [MODEL]: { pools: [[{ provider: 'mistral' }], secondary('gpt-4.1')] },
      [SECONDARY_MODEL]: { pools: [secondary('gpt-4.1')] },
      [SECONDARY_REASONING_MODEL]: { pools: [secondary('gpt-5-mini')] },
      [SECONDARY_EMBEDDING_MODEL]: { pools: [secondary('text-embedding-3-small')] },
      '*': { pools: [[{ provider: 'mistral' }]] },
      ...Object.fromEntries(models.map((model) => [model, routeOf(model)])),
    },
    telemetry: { logLevel: 'error' },
  };
}

function routeOf(model: string): object {
  const pools = [[{ provider: 'mistral' }]];
  if (model.startsWith('safe')) pools.push([{ provider: 'secondary' }]);
  const timeouts = model.startsWith('impatient') ? IMPATIENCE : {};
  return { pools, retries: RETRIES, timeouts, recovery: model.startsWith('brittle') ? 'error' : 'resume' };
}
