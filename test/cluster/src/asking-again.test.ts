/** What becomes of a key that all have put aside: one node alone asks it, and all hear when it is well. */
import { afterEach, expect, test } from 'vitest';
import { Cluster, secretOf, workspaceOf } from './cluster.ts';
import { expectWhole, HANGS } from './expectations.ts';
import { Load, notRight } from './load.ts';

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

test('a key that was put aside is asked again by one node alone, and once it is well all use it again', async () => {
  const started = await Cluster.start();
  cluster = started;
  const { nodes, simulator } = started;
  await expectWhole(started);
  const seen = async () => (await simulator.state()).keys[secretOf(0)]?.seen ?? 0;
  const load = new Load(nodes, { perSecond: 45 }).start();
  await load.more(100);
  await simulator.setFaults([{ when: { workspace: workspaceOf(0) }, effect: { kind: 'revoked' } }]);
  await expect.poll(async () => (await started.statesOf(0)).includes('available'), HANGS).toBe(false);
  await load.more(90);
  const learnt = await seen();
  await expect.poll(seen, HANGS).toBeGreaterThan(learnt);
  await load.more(90);
  expect((await seen()) - learnt).toBe(1);

  await simulator.setFaults([]);
  // By then everyone's word that it is to be left alone has run out, and a probe has found it well.
  const timeout = 90_000;
  await expect.poll(() => started.statesOf(0), { ...HANGS, timeout }).toEqual(nodes.map(() => 'available'));
  const before = await seen();
  await load.more(150);
  expect((await seen()) - before).toBeGreaterThan(5);
  expect(notRight(await load.stop())).toEqual([]);
});
