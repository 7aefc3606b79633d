/** Five keys of five workspaces in one pool, and nothing to fall back on: what one of them cannot do the others must. */
import { configFor } from './gateway-process.ts';
import { SimulatorProcess } from '@leeward/test-cluster';

const LETTERS = ['a', 'b', 'c', 'd', 'e'] as const;

export const ROUTE = 'mistral-small-latest';

/** Far above what a busy machine adds to it, so that ten times slower reads as about ten times slower. */
export const LATENCY = { firstTokenMs: 80, perTokenMs: 1 };

export function startFiveKeys(): Promise<SimulatorProcess> {
  return SimulatorProcess.start({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    latency: LATENCY,
    workspaces: Object.fromEntries(LETTERS.map((letter) => [`workspace-${letter}`, { keys: [`sim-key-${letter}`] }])),
  });
}

/** Route options beside the pool, such as time limits, may be given. */
export function fiveKeysConfig(simulator: SimulatorProcess, route: object = {}): object {
  const keys = LETTERS.map((letter) => ({ name: letter, secret: `env:E2E_KEY_${letter.toUpperCase()}` }));
  return configFor(simulator, {
    providers: { mistral: { dialect: 'mistral', baseUrl: simulator.mistralUrl, keys } },
    routes: { [ROUTE]: { pools: [[{ provider: 'mistral' }]], ...route } },
  });
}
