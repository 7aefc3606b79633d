import { Agent } from 'node:http';
import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CLIENT_KEY, configFor, type GatewayProcess, inFlightOf, startGateway, targetsOf } from './gateway-process.ts';
import { scrape } from './metrics-page.ts';
import { callRaw } from './raw-client.ts';
import { chat, chatAll, clientOf } from './traffic.ts';

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    // A stream of these prompts would last half a minute: who is gone before that has left.
    latency: { firstTokenMs: 20, perTokenMs: 100 },
  });
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  simulator.reset();
});
afterAll(() => simulator.close());

const LONG = 200;

async function expectAllReleased(running: GatewayProcess, left: number): Promise<void> {
  await expect.poll(() => inFlightOf(running), { timeout: 10_000 }).toBe(0);
  await expect.poll(() => simulator.state().total.inFlight, { timeout: 10_000 }).toBe(0);
  expect(simulator.state().total).toMatchObject({ seen: left, abortedByClient: left, completed: 0 });
  const targets = (await targetsOf(running)) as readonly { inFlight?: number; state: string }[];
  expect(targets.map(({ inFlight }) => inFlight)).toEqual(targets.map(() => 0));
  // A client's leaving says nothing against the target.
  expect(targets.map(({ state }) => state)).toEqual(targets.map(() => 'available'));
  expect((await scrape(running)).sum('leeward_client_disconnects_total')).toBe(left);
}

test('100 clients that leave in the middle of their streams leave nothing behind, here or upstream', async () => {
  const running = await startGateway(configFor(simulator));
  gateway = running;
  const agent = new Agent({ keepAlive: true });
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => {
      const messages = [{ role: 'user', content: `leaves ${index} [words=${LONG}]` }];
      const body = JSON.stringify({ model: 'mistral-small-latest', stream: true, messages });
      return callRaw(agent, { url: `${running.dataUrl}/v1/chat/completions`, headers, body, leavesMidway: true });
    }),
  );
  agent.destroy();
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  await expectAllReleased(running, 100);
});

test('100 clients that leave before their whole answers come leave nothing behind either', async () => {
  const running = await startGateway(configFor(simulator, { routes: PATIENT }));
  gateway = running;
  const leaving = new AbortController();
  const client = clientOf(running);
  const chats = Array.from({ length: 100 }, (_, index) =>
    chat(client, { name: `waits ${index}`, words: LONG, stream: false, signal: leaving.signal }),
  );
  await expect.poll(() => simulator.state().total.inFlight, { timeout: 20_000 }).toBe(100);
  leaving.abort();
  const settled = await Promise.allSettled(chats);
  expect(settled.map(({ status }) => status)).toEqual(settled.map(() => 'rejected'));
  await expectAllReleased(running, 100);
  // And the next clients are served as if nothing had been.
  const tally = await chatAll(client, 20, 'stays', { words: 5 });
  expect(tally.right).toBe(20);
});

/** The answer of these clients takes longer than the usual patience of these tests. */
const PATIENT = { 'mistral-small-latest': { pools: [[{ provider: 'mistral' }]] } };
