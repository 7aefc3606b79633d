import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultRuleInput, type Simulator, startSimulator } from '@leeward/mistral-sim';
import { Mistral } from '@mistralai/mistralai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { FAULTS } from './faults.ts';
import { CLIENT_KEY, configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { type Clients, EMBEDDING_MODEL, MIXED_CALLS } from './mixed-calls.ts';
import { clientOf } from './traffic.ts';

const CALLS = 500;
const AT_ONCE = 50;

/** Long enough for a fault to strike dozens of calls, short enough to see all of them within the test. */
const PHASE_MS = 150;

/** Of the calls at a struck workspace: few enough that no breaker keeps the rest of the faults away for long. */
const STRUCK_SHARE = 0.3;

/** After one of these a key or model is put aside until the minute turns or longer, and no later fault meets it. */
const PUT_ASIDE = new Set([
  'a revoked key',
  'an exhausted quota',
  'an exhausted quota told as 401',
  'a plan without the model (403)',
  'a rate limit',
  'a model that is gone',
]);

const CHANGING = Object.entries(FAULTS).filter(([name]) => !PUT_ASIDE.has(name));

function rulesOf(phase: number): FaultRuleInput[] {
  const [, effect] = CHANGING[phase % CHANGING.length] ?? [];
  if (effect === undefined) return [];
  return ['workspace-1', 'workspace-2'].map((workspace) => ({
    when: { workspace },
    probability: STRUCK_SHARE,
    effect,
  }));
}

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    latency: { firstTokenMs: 50, perTokenMs: 5 },
  });
});
afterEach(() => gateway?.stop());
afterAll(() => simulator.close());

/** With the picker that does not look: the adaptive one would keep the calls away from the faults they are to meet. */
function config(): object {
  const config = configFor(simulator) as { routes: Record<string, object> };
  const [[name, chat] = ['', {}]] = Object.entries(config.routes);
  const route = { ...chat, picker: 'weighted-random' };
  return {
    ...config,
    routes: { [name]: route, [EMBEDDING_MODEL]: { ...route, pools: [[{ provider: 'mistral' }]] } },
  };
}

test('500 calls of ten kinds by two SDKs come right while the faults on two of three workspaces change all the time', async () => {
  const running = await startGateway(config());
  gateway = running;
  const clients: Clients = {
    openai: clientOf(running),
    mistral: new Mistral({ serverURL: running.dataUrl, apiKey: CLIENT_KEY }),
  };
  const kinds = Object.entries(MIXED_CALLS);
  const troubles: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < CALLS) {
      const index = next++;
      const [kind, call] = kinds[index % kinds.length] ?? [];
      if (kind === undefined || call === undefined) return;
      try {
        const { got, expected } = await call(clients, `mixed ${index}`);
        expect(got).toEqual(expected);
      } catch (error) {
        troubles.push({ kind, error });
      }
    }
  };
  const over = new AbortController();
  const weather = changeFaults(over.signal);
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  over.abort();
  const phases = await weather;
  expect(troubles).toEqual([]);
  // Else the faults changed too slowly for the test to mean what it says.
  expect(phases).toBeGreaterThan(10);
  expect(Object.keys(simulator.state().total.faults).length).toBeGreaterThan(5);
});

/** Answers how many phases there were. */
async function changeFaults(signal: AbortSignal): Promise<number> {
  let phases = 0;
  while (!signal.aborted) {
    simulator.faults.set(rulesOf(phases++));
    await sleep(PHASE_MS);
  }
  return phases;
}
