/**
 * One key of five is struck in the middle of steady traffic. What is asserted is counts, never times: errors that
 * clients saw (none), and the requests that reached the struck key, as the simulator counted them.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fiveKeysConfig, LATENCY, startFiveKeys } from './five-keys.ts';
import { type GatewayProcess, startGateway } from './gateway-process.ts';
import type { SimulatorProcess } from '@leeward/test-cluster';
import { SteadyChats } from './steady-chats.ts';
import { clientOf } from './traffic.ts';

const STRUCK = 'sim-key-b';

const BEFORE = 100;

/** Of the twenty that are its share while all are well: chance alone leaves it fewer in one run of a thousand. */
const LEAST_BEFORE = 9;

let simulator: SimulatorProcess;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startFiveKeys();
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  await simulator.setFaults([]);
});
afterAll(() => simulator.stop());

/** Traffic through a new gateway, up to the moment before the fault. */
async function healthyTraffic(name: string, route: object = {}): Promise<SteadyChats> {
  gateway = await startGateway(fiveKeysConfig(simulator, route));
  const chats = new SteadyChats(clientOf(gateway), name);
  expect(await reachedDuring(() => chats.send(BEFORE))).toBeGreaterThanOrEqual(LEAST_BEFORE);
  return chats;
}

const countsOf = async () => (await simulator.state()).keys[STRUCK] ?? { seen: 0, completed: 0 };

/** How many requests, first attempts or later ones, came to the struck key meanwhile. */
async function reachedDuring(act: () => Promise<void>): Promise<number> {
  const before = await countsOf();
  await act();
  return (await countsOf()).seen - before.seen;
}

async function expectAllRight(chats: SteadyChats): Promise<void> {
  const tally = await chats.ended();
  expect(tally.errors).toEqual([]);
  expect(tally.wrong).toEqual([]);
  expect(tally.right).toBe(chats.sent);
}

test('a key that turns ten times slower keeps less than 3 % of the traffic once that has been noticed', async () => {
  const chats = await healthyTraffic('slow');
  // On top of the ordinary latency.
  const firstTokenMs = LATENCY.firstTokenMs * 9;
  const perTokenMs = LATENCY.perTokenMs * 9;
  await simulator.setFaults([{ when: { key: STRUCK }, effect: { kind: 'latency', firstTokenMs, perTokenMs } }]);
  await chats.send(60);
  const reached = await reachedDuring(() => chats.send(200));
  await expectAllRight(chats);
  expect(reached).toBeLessThan(200 * 0.03);
});

test('a key that fails every request gets nothing but probes, and its traffic back once it is well', async () => {
  const chats = await healthyTraffic('failing');
  await simulator.setFaults([{ when: { key: STRUCK }, effect: { kind: 'error', error: '500/1000' } }]);
  await chats.send(40);
  const reached = await reachedDuring(() => chats.send(100));

  await simulator.setFaults([]);
  const { completed } = await countsOf();
  // Fifty at once, not steadily: while the others are idle, a key that has just been ill is not needed.
  const regained = async (): Promise<number> => {
    await chats.send(50, { gapMs: 0 });
    await chats.ended();
    return (await countsOf()).completed - completed;
  };
  await expect.poll(regained, { timeout: 20_000, interval: 0 }).toBeGreaterThan(20);
  await expectAllRight(chats);
  // A probe or two, and the rest of what it takes to trip, when few of the first forty came here: 20 would be its share.
  expect(reached).toBeLessThanOrEqual(6);
});

test('a key that goes silent is left after a few requests, streams and whole answers, and each is answered elsewhere', async () => {
  const timeouts = { connectMs: 1000, firstTokenMs: 1500, answerMs: 1500 };
  const chats = await healthyTraffic('silent', { timeouts });
  await simulator.setFaults([{ when: { key: STRUCK }, effect: { kind: 'silence' } }]);
  // At this pace none of these has timed out before the last is sent; only what is in flight there speaks against the key.
  const atFirst = await reachedDuring(() => chats.send(80));
  await chats.send(60);
  const later = await reachedDuring(() => chats.send(100));
  await expectAllRight(chats);
  // 16 and 20 would be its share.
  expect(atFirst).toBeLessThanOrEqual(8);
  expect(later).toBeLessThanOrEqual(3);
});
