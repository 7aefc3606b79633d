/** One node is cut off from NATS, and with it from the others; then the network heals. */
import { afterEach, expect, test } from 'vitest';
import { peersOf } from './admin-pages.ts';
import { Cluster, workspaceOf } from './cluster.ts';
import { expectWhole, HANGS } from './expectations.ts';
import { Load, notRight } from './load.ts';

const KEYS = 5;

/** Far above what the load needs, so that a share too small refuses nobody and one too large is seen in figures. */
const REQUESTS_PER_MINUTE = 3000;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** The sum of what all nodes take for theirs of one workspace's limit. */
async function takenOf(started: Cluster, key: number): Promise<number> {
  const pages = await Promise.all(started.nodes.map(peersOf));
  return pages
    .flatMap(({ shares }) => shares.filter(({ quota }) => quota.includes(workspaceOf(key))))
    .reduce((sum, { requestsShare = 0 }) => sum + requestsShare, 0);
}

test('each side of a partition keeps to its share, serves all, and knows what the other learnt once it has healed', async () => {
  const started = await Cluster.start({ keys: KEYS, links: 'open', requestsPerMinute: REQUESTS_PER_MINUTE });
  cluster = started;
  await expectWhole(started);
  const { nodes, links, simulator } = started;
  const load = new Load(nodes, { perSecond: 45 }).start();
  await load.more(150);
  const cutOff = started.node(0);
  const others = nodes.slice(1);

  links[0]?.cut();
  await expect
    .poll(async () => (await peersOf(cutOff)).peers.filter(({ ageMs }) => ageMs < 1500).length, HANGS)
    .toBe(0);
  // The others still hear each other.
  expect(await started.isWhole(others)).toBe(true);
  const taken: number[] = [];
  for (let look = 0; look < 20; look++) {
    await load.more(15);
    taken.push(await takenOf(started, 1));
  }

  await simulator.setFaults([{ when: { workspace: workspaceOf(0) }, times: 1, effect: { kind: 'revoked' } }]);
  const knowing = async () => (await started.statesOf(0)).map((state) => state !== 'available');
  // Its own side alone: the one that is cut off, or both of the others once each has heard of it.
  const alone = [true, false, false];
  const together = [false, true, true];
  await expect.poll(knowing, HANGS).toBeOneOf([alone, together]);

  links[0]?.heal();
  // At once: the key is well again, and the first who tries it when its wait is over finds that out.
  await expect.poll(knowing, HANGS).toEqual([true, true, true]);
  await expectWhole(started);
  taken.push(await takenOf(started, 1));
  expect(notRight(await load.stop())).toEqual([]);
  expect(Math.max(...taken)).toBeGreaterThan(0);
  expect(Math.max(...taken)).toBeLessThanOrEqual(REQUESTS_PER_MINUTE * MOST_EXCESS);
});

/** Views differ by a digest or two even in a whole cluster; a side that took the other's part as well would double it. */
const MOST_EXCESS = 1.2;
