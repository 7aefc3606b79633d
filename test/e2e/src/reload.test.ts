import { type Simulator, startSimulator } from '@leeward/mistral-sim';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { configFor, type GatewayProcess, rotatedConfigFor, startGateway, targetsOf } from './gateway-process.ts';
import { scrape } from './metrics-page.ts';
import { chatAll, clientOf, type Tally } from './traffic.ts';

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  simulator = await startSimulator({
    defaultLimit: { requestsPerMinute: null, tokensPerMinute: null },
    latency: { firstTokenMs: 20, perTokenMs: 10 },
  });
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  simulator.reset();
});
afterAll(() => simulator.close());

/** Rounds of chats, a hundred at once, until told that it is enough; at least three rounds. */
async function chatUntil(running: GatewayProcess, isEnough: () => boolean): Promise<Tally> {
  const client = clientOf(running);
  const tallies: Tally[] = [];
  while (tallies.length < 3 || !isEnough()) {
    tallies.push(await chatAll(client, 100, `round ${tallies.length}`));
  }
  return {
    right: tallies.reduce((sum, { right }) => sum + right, 0),
    wrong: tallies.flatMap(({ wrong }) => wrong),
    errors: tallies.flatMap(({ errors }) => errors),
  };
}

const keysOf = async (running: GatewayProcess): Promise<readonly string[]> =>
  (await targetsOf(running)).filter(({ id }) => id.startsWith('mistral/')).map(({ key }) => key);

test('a key is rotated under load without an error, and the old one is then no longer used', async () => {
  const running = await startGateway(configFor(simulator));
  gateway = running;
  let over = false;
  const traffic = chatUntil(running, () => over);
  await expect.poll(() => simulator.state().keys['sim-key-a']?.completed ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);

  await running.rewriteConfig(rotatedConfigFor(simulator));
  await expect.poll(() => keysOf(running), { timeout: 20_000, interval: 100 }).toEqual(['a-next', 'b', 'c']);
  over = true;
  const tally = await traffic;
  expect(tally.errors).toEqual([]);
  expect(tally.wrong).toEqual([]);

  // The vendor revokes the old key only now.
  simulator.faults.set([{ when: { key: 'sim-key-a' }, effect: { kind: 'revoked' } }]);
  const before = simulator.state().keys;
  const after = await chatAll(clientOf(running), 300, 'rotated');
  expect(after.right).toBe(300);
  expect(simulator.state().keys['sim-key-a']?.seen).toBe(before['sim-key-a']?.seen);
  expect(simulator.state().keys['sim-key-a2']?.seen).toBeGreaterThan(before['sim-key-a2']?.seen ?? 0);
  expect((await scrape(running)).sum('leeward_config_reloads_total', { result: 'ok' })).toBe(1);
});

test('an invalid file under load is refused and counted, the old config stays, and a valid one is taken over again', async () => {
  const running = await startGateway(configFor(simulator));
  gateway = running;
  let over = false;
  const traffic = chatUntil(running, () => over);
  const reloads = (result: string) => async () =>
    (await scrape(running)).sum('leeward_config_reloads_total', { result });

  await running.rewriteConfig({ ...configFor(simulator), routes: { broken: { pools: [[{ provider: 'nobody' }]] } } });
  await expect.poll(reloads('failed'), { timeout: 20_000, interval: 100 }).toBe(1);
  expect((await scrape(running)).sum('leeward_config_last_reload_success')).toBe(0);
  expect(await keysOf(running)).toEqual(['a', 'b', 'c']);
  // The line comes by another pipe than the metrics.
  await expect.poll(running.output).toContain('nobody');

  await running.rewriteConfig(rotatedConfigFor(simulator));
  await expect.poll(reloads('ok'), { timeout: 20_000, interval: 100 }).toBe(1);
  expect((await scrape(running)).sum('leeward_config_last_reload_success')).toBe(1);
  expect(await keysOf(running)).toEqual(['a-next', 'b', 'c']);
  over = true;
  const tally = await traffic;
  expect(tally.errors).toEqual([]);
  expect(tally.wrong).toEqual([]);
});
