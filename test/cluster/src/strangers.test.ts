/** Others on the bus than nodes of this version: the next version during an upgrade, and an enemy. */
import { afterEach, expect, test } from 'vitest';
import { metricOf, peersOf, targetStatesOf } from './admin-pages.ts';
import { Cluster, CLUSTER_NAME, nameOf, range, ROUTE, targetOf, workspaceOf } from './cluster.ts';
import { expectWhole, expectUnnoticed } from './expectations.ts';
import { Load } from './load.ts';
import { RawPeer } from './raw-peer.ts';

const KEYS = 4;

let cluster: Cluster | undefined;
let stranger: RawPeer | undefined;

afterEach(async () => {
  stranger?.close();
  await cluster?.stop();
  cluster = undefined;
});

async function startWithStranger(): Promise<{ started: Cluster; stranger: RawPeer }> {
  const started = await Cluster.start({ nodes: 2, keys: KEYS });
  cluster = started;
  await expectWhole(started);
  const connected = await RawPeer.connect(started.nats.port, CLUSTER_NAME);
  stranger = connected;
  return { started, stranger: connected };
}

/** As a first version would say it: who speaks, and nothing more. */
function messageOf(peer: string, seq: number): object {
  return { v: 1, p: peer, e: 1, s: seq, f: 1, h: 0, w: [], t: [], c: [], q: [], r: [0, 0] };
}

const knows = async (started: Cluster, peer: string) => {
  const pages = await Promise.all(started.nodes.map(peersOf));
  return pages.filter(({ peers }) => peers.some((one) => one.peer === peer)).length;
};

test('a peer of the next version, which says more than we know, is understood in what we do know', async () => {
  const { started, stranger } = await startWithStranger();
  // An entry longer than ours, a kind of wait that we have not heard of, a field beside the fields.
  const message = {
    ...messageOf('next-version', 1),
    v: 2,
    since: 1,
    w: ['mistral', nameOf(1), ROUTE],
    c: [
      ['key', '0.1', 60_000, 'rejected', 'and more'],
      ['galaxy', '0', 60_000, 'far away'],
    ],
    t: [['0.1.2', 120, 9, 30, 500, 2, 0, null, 'and more', { of: 'it' }]],
    r: [1, 0, 7],
    moods: { calm: true },
  };
  stranger.say('digest', message);
  await expect.poll(() => knows(started, 'next-version')).toBe(2);
  for (const node of started.nodes) {
    await expect.poll(async () => (await targetStatesOf(node))[targetOf(1)]).toBe('held');
    expect((await targetStatesOf(node))[targetOf(0)]).toBe('available');
  }
  const load = new Load(started.nodes, { perSecond: 45 });
  expectUnnoticed(await load.burst(40));
  const { keys } = await started.simulator.state();
  expect(keys['sim-key-1']?.seen ?? 0).toBe(0);
});

test('what is oversized, malformed or too new is counted and changes nothing', async () => {
  const { started, stranger } = await startWithStranger();
  const said = [
    'no json at all',
    Buffer.alloc(300 * 1024, 'x'),
    new Uint8Array([0xff, 0xfe, 0x00]),
    { ...messageOf('wrong-figures', 1), h: -1 },
    { ...messageOf('wrong-words', 1), c: [['key', '7.8', 60_000, 'rejected']] },
    { ...messageOf('wrong\nname', 1) },
    { ...messageOf('too-new', 1), v: 9, since: 9 },
    { ...messageOf('endless', 1), c: [['key', '0', 1e300, 'rejected']], w: ['mistral'] },
    '[]',
    'null',
  ];
  const before = await Promise.all(started.nodes.map((node) => metricOf(node, 'leeward_cluster_messages_total')));
  for (const message of said)
    for (const subject of ['digest', 'event', 'hello'] as const) stranger.say(subject, message);
  stranger.say('digest', messageOf('honest', 1));
  await expect.poll(() => knows(started, 'honest')).toBe(2);
  for (const [index, node] of started.nodes.entries()) {
    const counted = (await metricOf(node, 'leeward_cluster_messages_total')) - (before[index] ?? 0);
    expect(counted).toBeGreaterThanOrEqual(said.length * 3);
    const { peers } = await peersOf(node);
    expect(peers.map(({ peer }) => peer)).toContain('honest');
    expect(peers).toHaveLength(2);
  }
  expect(await started.isWhole()).toBe(true);
  const load = new Load(started.nodes, { perSecond: 45 });
  expectUnnoticed(await load.burst(40));
});

test('an enemy who says that every key is rejected, every quota empty and every target broken takes the provider from nobody', async () => {
  const { started, stranger } = await startWithStranger();
  const names = range(KEYS).map(nameOf);
  const groups = range(KEYS).map(workspaceOf);
  const place = (of: readonly string[], index: number): string => String(words.indexOf(of[index] ?? ''));
  const words = ['mistral', ROUTE, ...names, ...groups];
  const lie = (seq: number) => ({
    ...messageOf('enemy', seq),
    w: words,
    c: range(KEYS).flatMap((key) => [
      ['key', `0.${place(names, key)}`, 86_400_000, 'rejected'],
      ['quota', `0.${place(groups, key)}.1`, 86_400_000, 'rate-limited'],
      ['target', `0.${place(names, key)}.1`, 86_400_000, 'broken'],
      ['model', '0.1', 86_400_000, 'gone'],
    ]),
    t: range(KEYS).map((key) => [
      `0.${place(names, key)}.1`,
      60_000,
      1000,
      1_000_000,
      0,
      1_000_000,
      1,
      ['no-capacity', 1_000_000, 0],
    ]),
    // And it wants all of every quota.
    q: range(KEYS).map((key) => [`0.${place(groups, key)}.1`, 1_000_000, 1e9, 1e9, 1e9, 1e10]),
  });
  stranger.say('digest', lie(1));
  await expect.poll(() => knows(started, 'enemy')).toBe(2);
  const load = new Load(started.nodes, { perSecond: 45 }).start();
  for (let seq = 2; seq < 12; seq++) {
    stranger.say('event', lie(seq));
    await load.more(20);
  }
  expectUnnoticed(await load.stop());
  expect(await started.isWhole()).toBe(true);
});
