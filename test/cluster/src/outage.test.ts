/**
 * The bus is away: lost, absent, frozen, silent. Nobody who asks a node for an answer may notice. `LEEWARD_OUTAGE_SECONDS`
 * makes the outage as long as real ones are.
 */
import { afterEach, expect, test } from 'vitest';
import { targetStatesOf } from './admin-pages.ts';
import { Cluster, type ClusterOptions, targetOf, workspaceOf } from './cluster.ts';
import { expectReady, expectUnnoticed, expectWhole, HANGS, LOST } from './expectations.ts';
import { Load } from './load.ts';

/** Long enough that every node has noticed and gone through some waits. */
const OUTAGE_SECONDS = Number(process.env['LEEWARD_OUTAGE_SECONDS'] ?? 6);

const PER_SECOND = 45;

/** What is promised. A machine that is busy with other tests may take several times as long. */
const WITHIN_MS = 2000;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(options: ClusterOptions = {}): Promise<Cluster> {
  cluster = await Cluster.start(options);
  return cluster;
}

test('NATS is killed under load and comes back: no client notices, and what one learnt meanwhile all know then', async () => {
  const started = await start();
  await expectWhole(started);
  const { nodes, nats, simulator } = started;
  const load = new Load(nodes, { perSecond: PER_SECOND }).start();
  await load.more(60);
  await nats.kill();
  await expectReady(nodes, LOST);
  await load.more(Math.max(60, (OUTAGE_SECONDS - 2) * PER_SECOND));

  // One request is struck, so that one node alone has something to tell.
  await simulator.setFaults([{ when: { workspace: workspaceOf(2) }, times: 1, effect: { kind: 'revoked' } }]);
  const knowing = async () => (await started.statesOf(2)).filter((state) => state !== 'available').length;
  await expect.poll(knowing, HANGS).toBe(1);

  const backAtMs = performance.now();
  await nats.start();
  await expect.poll(knowing, HANGS).toBe(nodes.length);
  await expectWhole(started);
  const tookMs = performance.now() - backAtMs;
  expect(tookMs).toBeLessThan(WITHIN_MS * 5);
  console.log(`all knew ${Math.round(tookMs)} ms after NATS was started again`);
  await load.more(60);
  const records = await load.stop();
  expectUnnoticed(records);
  await expectReady(nodes, []);
});

test('nodes that find no NATS at their start serve, and become a cluster when it appears', async () => {
  const started = await start({ nats: 'absent' });
  await expectReady(started.nodes, LOST);
  const load = new Load(started.nodes, { perSecond: PER_SECOND });
  expectUnnoticed(await load.burst(60));
  await started.nats.start();
  await expectWhole(started);
  expectUnnoticed(await load.burst(60));
});

test('while NATS is frozen every request is answered', async () => {
  const started = await start();
  await expectWhole(started);
  started.nats.freeze();
  // More than enough for every node to have news for the bus; all of them end before it is thawed.
  const load = new Load(started.nodes, { perSecond: PER_SECOND }).start();
  await load.more(300);
  expectUnnoticed(await load.stop());
  await expectReady(started.nodes, LOST);
  started.nats.thaw();
  await expectWhole(started);
});

test('nothing on a request’s path waits for a bus that takes connections and never says a word', async () => {
  const started = await start({ links: 'cut' });
  const { nodes, simulator } = started;
  const load = new Load(nodes, { perSecond: PER_SECOND });
  expectUnnoticed(await load.burst(90));

  // Then one that worked, falls silent, and has news to carry: trips, waits, keys put aside.
  for (const link of started.links) link.heal();
  await expectWhole(started);
  for (const link of started.links) link.cut();
  await simulator.setFaults([
    { when: { workspace: workspaceOf(0) }, effect: { kind: 'revoked' } },
    { when: { workspace: workspaceOf(1) }, effect: { kind: 'error', error: '429/1300' } },
    { when: { workspace: workspaceOf(2) }, effect: { kind: 'error', error: '500/1000' } },
  ]);
  for (let burst = 0; burst < 5; burst++) await load.burst(60);
  expectUnnoticed(load.records);
  // Each found out by itself, since nobody could tell it.
  for (const node of nodes) expect((await targetStatesOf(node))[targetOf(0)]).not.toBe('available');
});
