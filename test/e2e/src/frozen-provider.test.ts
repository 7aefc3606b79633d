import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { SimulatorProcess } from '@leeward/test-cluster';
import { chat, chatAll, clientOf } from './traffic.ts';

const PACE = {
  defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
  latency: { firstTokenMs: 20, perTokenMs: 20 },
};

let frozen: SimulatorProcess;
let secondary: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  frozen = await SimulatorProcess.start(PACE);
  secondary = await startSimulator(PACE);
});
afterEach(() => gateway?.stop());
afterAll(() => Promise.all([frozen.stop(), secondary.close()]));

/** Another vendor that can go on with an answer that was begun elsewhere: Mistral's dialect has a way to ask for that. */
function config(): object {
  const keys = [{ name: 'main', secret: 'env:E2E_KEY_A' }];
  return configFor(frozen, {
    providers: {
      mistral: { dialect: 'mistral', baseUrl: frozen.mistralUrl, keys },
      secondary: { dialect: 'mistral', baseUrl: secondary.mistralUrl, keys },
    },
    routes: {
      'mistral-small-latest': {
        pools: [[{ provider: 'mistral' }], [{ provider: 'secondary' }]],
        timeouts: { connectMs: 500, firstTokenMs: 1000, answerMs: 2500, idleMs: 1000, totalMs: 30_000 },
      },
    },
  });
}

test('a provider that freezes (its sockets stay open and say nothing) cuts no stream, and is used again once it thaws', async () => {
  gateway = await startGateway(config());
  const client = clientOf(gateway);
  const caught = Array.from({ length: 100 }, (_, index) =>
    chat(client, { name: `caught ${index}`, words: 40, stream: index % 4 !== 0 }),
  );
  await expect.poll(async () => (await frozen.state()).total.inFlight, { timeout: 10_000 }).toBe(100);

  frozen.signal('SIGSTOP');
  for (const { text, expected } of await Promise.all(caught)) expect(text).toBe(expected);
  const meanwhile = await chatAll(client, 200, 'meanwhile');
  expect(meanwhile.errors).toEqual([]);
  expect(meanwhile.right).toBe(200);
  expect(secondary.state().total.completed).toBeGreaterThanOrEqual(200);

  frozen.signal('SIGCONT');
  const { completed } = (await frozen.state()).total;
  await expect
    .poll(
      async () => {
        const { text, expected } = await chat(client, { name: 'thawed', words: 5, stream: true });
        expect(text).toBe(expected);
        return (await frozen.state()).total.completed;
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBeGreaterThan(completed);
});
