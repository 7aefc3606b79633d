import { Agent } from 'node:http';
import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CLIENT_KEY, configFor, type GatewayProcess, inFlightOf, startGateway, targetsOf } from './gateway-process.ts';
import { scrape } from './metrics-page.ts';
import { callRaw, type RawCall, streamText, wholeText } from './raw-client.ts';

/** The wildcard keeps the 256 names used last (routes.ts); each stands for a target per key. */
const KEPT_NAMES = 256;
const KEYS = 3;

const REQUESTS = 20_000;
const AT_ONCE = 64;

/** More names than are kept, so that forgetting goes on all the time. */
const MODELS = Array.from({ length: 900 }, (_, at) => `model-${at}`);

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    models: MODELS.map((id) => ({ id })),
  });
});
afterEach(() => gateway?.stop());
afterAll(() => simulator.close());

test('20,000 small requests for 900 models leave no more behind than the names that are kept', async () => {
  const running = await startGateway(configFor(simulator, { routes: { '*': { pools: [[{ provider: 'mistral' }]] } } }));
  gateway = running;
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const callOf = (index: number): RawCall => ({
    url: `${running.dataUrl}/v1/chat/completions`,
    headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      // Eight in a row for one name, as if a client had chosen it; one in ten is a stream.
      model: MODELS[Math.floor(index / 8) % MODELS.length],
      stream: index % 10 === 0,
      messages: [{ role: 'user', content: 'the same small question [words=3]' }],
    }),
  });
  const texts = new Map<string, number>();
  let next = 0;
  const client = async () => {
    while (next < REQUESTS) {
      const index = next++;
      const { status, body } = await callRaw(agent, callOf(index));
      const text = status === 200 ? (index % 10 === 0 ? streamText(body) : wholeText(body)) : `status ${status}`;
      texts.set(text ?? 'no text', (texts.get(text ?? 'no text') ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  agent.destroy();

  // One question, one answer, twenty thousand times.
  expect([...texts.values()]).toEqual([REQUESTS]);
  await expect.poll(() => inFlightOf(running)).toBe(0);
  expect(simulator.state().total).toMatchObject({ inFlight: 0, completed: REQUESTS, abortedByClient: 0 });
  const targets = await targetsOf(running);
  expect(targets).toHaveLength(KEPT_NAMES * KEYS);
  const page = await scrape(running);
  expect(page.sum('leeward_target_in_flight')).toBe(0);
  expect(page.sum('leeward_requests_total', { route: '*', status: '200' })).toBe(REQUESTS);
  // A client chooses model names; were they labels, it would choose how much memory the metrics take.
  expect(page.series).toBeLessThan(1000);
});
