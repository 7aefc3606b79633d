import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configFor, type GatewayProcess, startGateway } from './gateway-process.ts';
import { chat, clientOf, isAnswered } from './traffic.ts';

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: 10_000_000, tokensPerMinute: 10_000_000_000 },
    // Streams of about three seconds: long enough to be caught in the middle by everything that follows.
    latency: { firstTokenMs: 20, perTokenMs: 40 },
  });
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  simulator.reset();
});
afterAll(() => simulator.close());

test('SIGTERM under 200 live streams cuts none of them, and the process then exits with 0', async () => {
  const running = await startGateway(configFor(simulator));
  gateway = running;
  const client = clientOf(running);
  const chats = Array.from({ length: 200 }, (_, index) =>
    chat(client, { name: `drained ${index}`, words: 40, stream: true }),
  );
  await expect.poll(() => simulator.state().total.inFlight, { timeout: 20_000 }).toBe(200);

  running.signal('SIGTERM');
  await expect.poll(() => fetch(`${running.adminUrl}/healthz/ready`).then(({ status }) => status)).toBe(503);
  // New clients are turned away at the door while the streams go on.
  await expect(fetch(`${running.dataUrl}/v1/models`)).rejects.toThrow();

  for (const { text, expected } of await Promise.all(chats)) expect(text).toBe(expected);
  expect(await running.exited).toBe(0);
});

test('a provider process that dies and comes back is left alone and then used again', async () => {
  const doomed = await startSimulator({
    defaultLimit: { requestsPerMinute: 10_000_000, tokensPerMinute: 10_000_000_000 },
  });
  const running = await startGateway(configFor(doomed, {}));
  gateway = running;
  const client = clientOf(running);
  const port = Number(new URL(doomed.mistralUrl).port);
  const openaiPort = Number(new URL(doomed.openaiUrl).port);
  await chat(client, { name: 'alive', stream: false });
  await doomed.close();
  await expect(chat(client, { name: 'dead', stream: false })).rejects.toMatchObject({ status: 502 });
  const reborn = await startSimulator({ port, openaiPort });
  try {
    await expect
      .poll(() => isAnswered(client, { name: 'reborn', stream: true }), { timeout: 20_000, interval: 200 })
      .toBe(true);
  } finally {
    await reborn.close();
  }
});
