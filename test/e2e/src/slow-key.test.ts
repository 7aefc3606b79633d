import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { chatAll, clientOf } from './traffic.ts';

const FAST = { firstTokenMs: 20, perTokenMs: 2 };
const TIMES_SLOWER = 10;

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    latency: FAST,
  });
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  simulator.reset();
});
afterAll(() => simulator.close());

test('with one key ten times slower than its siblings, streams and whole answers all come, and come right', async () => {
  gateway = await startGateway(configFor(simulator));
  simulator.faults.set([
    {
      when: { key: 'sim-key-a' },
      // On top of the ordinary latency.
      effect: {
        kind: 'latency',
        firstTokenMs: FAST.firstTokenMs * (TIMES_SLOWER - 1),
        perTokenMs: FAST.perTokenMs * (TIMES_SLOWER - 1),
      },
    },
  ]);
  const tally = await chatAll(clientOf(gateway), 600, 'slow key');
  expect(tally.errors).toEqual([]);
  expect(tally.wrong).toEqual([]);
  expect(tally.right).toBe(600);
});
