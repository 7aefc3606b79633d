import { afterEach, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';
import { expectReady, expectWhole } from './expectations.ts';
import { Load, notRight } from './load.ts';

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function wholeCluster(): Promise<Cluster> {
  const started = await Cluster.start();
  cluster = started;
  await expectWhole(started);
  return started;
}

test('kill -9 of a node under load fails no request beyond the streams that it had begun', async () => {
  const whole = await wholeCluster();
  const doomed = whole.node(1);
  const load = new Load(whole.nodes, { perSecond: 60 }).start();
  await load.more(150);
  const onIt = load.records.filter(({ state, nodes }) => state === 'running' && nodes.at(-1) === doomed.name);
  await doomed.kill();
  await load.more(200);
  await doomed.start();
  await load.more(150);
  const records = await load.stop();

  // A client cannot ask again for a stream whose beginning it has shown; every other one asks elsewhere.
  const failed = notRight(records);
  expect(failed.filter((record) => !onIt.includes(record))).toEqual([]);
  expect(failed.filter(({ state }) => state === 'wrong')).toEqual([]);
  expect(records.length - failed.length).toBeGreaterThanOrEqual(500 - onIt.length);
  // The one that came back is asked again.
  expect(records.slice(-60).filter(({ nodes }) => nodes.includes(doomed.name)).length).toBeGreaterThan(10);
});

test('a rolling restart of all nodes under load fails no request', async () => {
  const { nodes } = await wholeCluster();
  const load = new Load(nodes, { perSecond: 60, words: 200 }).start();
  await load.more(100);
  for (const node of nodes) {
    await node.stop();
    await load.more(60);
    await node.start();
    await expectReady([node], []);
    await load.more(60);
  }
  expect(notRight(await load.stop())).toEqual([]);
  expect(load.sent).toBeGreaterThanOrEqual(460);
});
