import { Agent } from 'node:http';
import { answerFor, type FaultRuleInput } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fiveKeysConfig, ROUTE, startFiveKeys } from './five-keys.ts';
import { CLIENT_KEY, type GatewayProcess, startGateway } from './gateway-process.ts';
import { scrape } from './metrics-page.ts';
import { callRaw, streamText } from './raw-client.ts';
import type { SimulatorProcess } from '@leeward/test-cluster';

const STREAMS = 400;
const AT_ONCE = 100;

/** Every way to break in the middle, early and late in an answer of some fifteen chunks; a tenth of all, taken together. */
const BREAKS: readonly FaultRuleInput['effect'][] = [
  { kind: 'reset-mid-stream', afterChunks: 1 },
  { kind: 'close-early', afterChunks: 4 },
  { kind: 'error-frame', afterChunks: 7 },
  { kind: 'stall', afterChunks: 10 },
];

let simulator: SimulatorProcess;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startFiveKeys();
});
afterEach(() => gateway?.stop());
afterAll(() => simulator.stop());

test('with a tenth of all streams breaking midway on every key, 400 streams of two dialects come whole and to the letter', async () => {
  const running = await startGateway(fiveKeysConfig(simulator, { timeouts: { idleMs: 1000 } }));
  gateway = running;
  await simulator.setFaults(BREAKS.map((effect) => ({ probability: 0.1 / BREAKS.length, effect })));
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' };
  const stream = async (index: number): Promise<void> => {
    const messages = [{ role: 'user', content: `breaking ${index} [words=30]` }];
    const { status, body } = await callRaw(agent, {
      url: `${running.dataUrl}/${index % 2 === 0 ? 'mistral' : 'openai'}/v1/chat/completions`,
      headers,
      body: JSON.stringify({ model: ROUTE, stream: true, messages }),
    });
    const frames = body.toString();
    expect(status).toBe(200);
    expect(frames).not.toContain('"error"');
    // The text of a stream that ended with [DONE]: one of a stream that did not is undefined.
    expect(streamText(body)).toBe(answerFor({ messages }).text);
    expect(frames.match(/"finish_reason":"\w+"/g)).toEqual(['"finish_reason":"stop"']);
    // One answer, however many upstreams said it.
    expect(new Set(frames.match(/"id":"[^"]+"/g)).size).toBe(1);
  };
  const settled = await Promise.allSettled(Array.from({ length: STREAMS }, (_, index) => stream(index)));
  agent.destroy();
  expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);

  const { total } = await simulator.state();
  const broken = Object.values(total.faults).reduce((sum, count) => sum + count, 0);
  // Else the test did not mean what it says: 40 are due, and a continuation may break again.
  expect(broken).toBeGreaterThan(15);
  expect(Object.keys(total.faults)).toHaveLength(BREAKS.length);
  const page = await scrape(running);
  const recoveries = (result: string) => page.sum('leeward_stream_recoveries_total', { route: ROUTE, result });
  expect(recoveries('failed')).toBe(0);
  expect(recoveries('ok')).toBe(total.seen - STREAMS);
  // A machine that sleeps for a second makes a stall of its own.
  expect(recoveries('ok')).toBeGreaterThanOrEqual(broken);
});
