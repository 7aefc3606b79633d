import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { APIConnectionError } from 'openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configFor, type GatewayProcess, inFlightOf, startGateway } from './gateway-process.ts';
import { type Chat, chat, clientOf } from './traffic.ts';

let simulator: Simulator;
const gateways: GatewayProcess[] = [];

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    latency: { firstTokenMs: 20, perTokenMs: 20 },
  });
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  simulator.reset();
});
afterAll(() => simulator.close());

async function start(): Promise<GatewayProcess> {
  const gateway = await startGateway(configFor(simulator));
  gateways.push(gateway);
  return gateway;
}

/** As a client behind a load balancer: when its connection breaks it asks again, at the next of the gateways. */
async function insistentChat(nodes: readonly GatewayProcess[], first: number, options: Chat) {
  for (let attempt = 0; ; attempt++) {
    const node = nodes[(first + attempt) % nodes.length];
    if (node === undefined) throw new Error('there is no gateway');
    try {
      return { ...(await chat(clientOf(node), options)), attempts: attempt + 1 };
    } catch (error) {
      // What a killed process does to its clients, before the answer's head or within a stream; nothing else is excused.
      const isBroken =
        error instanceof APIConnectionError || (error instanceof TypeError && error.message === 'terminated');
      if (!isBroken || attempt === nodes.length) throw error;
    }
  }
}

test('kill -9 of one of two gateways costs its clients a reconnect, and those of the other nothing', async () => {
  const doomed = await start();
  const survivor = await start();
  const nodes = [doomed, survivor];
  const chats = Array.from({ length: 200 }, (_, index) =>
    insistentChat(nodes, index, { name: `insistent ${index}`, words: 30, stream: index % 4 < 2 }),
  );
  await expect.poll(() => simulator.state().total.inFlight, { timeout: 20_000 }).toBe(200);

  doomed.signal('SIGKILL');
  expect(await doomed.exited).toBeNull();
  // What the dead process had asked for is given up upstream too: its sockets died with it.
  await expect.poll(() => simulator.state().total.abortedByClient, { timeout: 5000 }).toBe(100);

  const answers = await Promise.all(chats);
  for (const { text, expected } of answers) expect(text).toBe(expected);
  expect(answers.filter((_, index) => index % 2 === 0).every(({ attempts }) => attempts === 2)).toBe(true);
  expect(answers.filter((_, index) => index % 2 === 1).every(({ attempts }) => attempts === 1)).toBe(true);

  // A node that comes back serves at once: it has no state to catch up on.
  const reborn = await start();
  const more = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      insistentChat([reborn, survivor], index, { name: `after ${index}`, stream: index % 4 < 2 }),
    ),
  );
  for (const { text, expected, attempts } of more) {
    expect(text).toBe(expected);
    expect(attempts).toBe(1);
  }
  expect(await inFlightOf(survivor)).toBe(0);
  expect(simulator.state().total.inFlight).toBe(0);
});
