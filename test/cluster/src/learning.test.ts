/**
 * Keys are struck one after the other under steady load on all nodes. What is asserted is counts, and of times, which
 * are taken in the gateways themselves, no more than the order of magnitude; what they were is printed.
 */
import type { FaultRuleInput } from '@leeward/mistral-sim';
import { afterEach, expect, test } from 'vitest';
import { Cluster, workspaceOf } from './cluster.ts';
import { expectWhole, HANGS } from './expectations.ts';
import { type Lesson, lessonOf, quantile } from './lesson.ts';
import { Load, notRight } from './load.ts';

/** Ten are struck, and those that are left bear the load. */
const KEYS = 14;
const STRUCK = 10;

/** Ten attempts at each key would be its share of so many chats; and they are over before a key is asked again. */
const CHATS_PER_STRIKE = 140;

/** What is promised, at the 99th percentile. A machine that is busy with other tests may take several times as long. */
const WITHIN_MS = 250;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function strikeOneByOne(effect: FaultRuleInput['effect']): Promise<readonly Lesson[]> {
  const started = await Cluster.start({ keys: KEYS });
  cluster = started;
  const { nodes, simulator } = started;
  await expectWhole(started);
  const load = new Load(nodes, { perSecond: 60 }).start();
  await load.more(300);
  const lessons: Lesson[] = [];
  for (let key = 0; key < STRUCK; key++) {
    const struckAtMs = Date.now();
    await simulator.setFaults([{ when: { workspace: workspaceOf(key) }, effect }]);
    await load.more(CHATS_PER_STRIKE);
    // Who made no attempt of its own hears of it. What a node writes comes when an exchange has ended, and in bunches.
    const unheard = () =>
      lessonOf(nodes, key, struckAtMs)?.others.filter(
        ({ attempts, heldAfterMs }) => attempts === 0 && heldAfterMs === undefined,
      );
    await expect.poll(unheard, HANGS).toEqual([]);
    const lesson = lessonOf(nodes, key, struckAtMs);
    if (lesson !== undefined) lessons.push(lesson);
  }
  expect(notRight(await load.stop())).toEqual([]);
  return lessons;
}

function expectLearnt(name: string, lessons: readonly Lesson[]): void {
  const pupils = lessons.flatMap(({ others }) => others);
  expect(pupils).toHaveLength(STRUCK * 2);
  expect(pupils.filter(({ attempts }) => attempts > 1)).toEqual([]);
  // Alone, each node would have had to find out by itself, each time.
  expect(pupils.filter(({ attempts }) => attempts > 0).length).toBeLessThanOrEqual(pupils.length / 4);
  const heldMs = pupils.flatMap(({ heldAfterMs }) => heldAfterMs ?? []);
  expect(quantile(heldMs, 0.99)).toBeLessThan(WITHIN_MS * 10);
  console.log(
    `${name}: the others left the key alone ${quantile(heldMs, 0.5)} ms (median) and ${quantile(heldMs, 0.99)} ms ` +
      `(99th percentile of ${heldMs.length}) after the first was told`,
  );
}

test('a workspace that is revoked under load is avoided by all once one of them knows it', async () => {
  expectLearnt('revoked', await strikeOneByOne({ kind: 'revoked' }));
});

test('a workspace that is rate limited under load is avoided by all once one of them knows it', async () => {
  expectLearnt('rate limited', await strikeOneByOne({ kind: 'error', error: '429/1300', retryAfterSeconds: 30 }));
});
