/**
 * Three nodes, one workspace, and more traffic than its quota, eight tenths of it at one of them. The limit is small, so
 * that its minute is a real one: the storms measure the same over many seeds and larger figures.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Cluster, secretOf } from './cluster.ts';
import { expectWhole } from './expectations.ts';
import { Load } from './load.ts';

const MINUTE_MS = 60_000;
const LIMIT = 600;

/** Twice as much as the limit allows: every minute's quota is used up well before its end. */
const PER_SECOND = 20;

/**
 * By then nobody may ask any more, and the next minute, which begins with a rush of those who waited for it, is not yet
 * there: what is counted between two such moments is what one minute allowed.
 */
const QUIET_SECOND = 58;

/** Half a minute's traffic uses a minute's quota up. */
const USED_UP_MS = 35_000;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

test('three nodes use a workspace’s whole quota between them and hardly ever more, at traffic skewed 8:1:1', async () => {
  const requestsPerMinute = LIMIT;
  const limits = { requestsPerMinute, tokensPerMinute: null };
  const started = await Cluster.start({ keys: 1, requestsPerMinute, simulator: { defaultLimit: limits } });
  cluster = started;
  await expectWhole(started);
  const counts = async () => (await started.simulator.state()).keys[secretOf(0)] ?? { seen: 0, rateLimited: 0 };
  const load = new Load(started.nodes, { perSecond: PER_SECOND, weights: [8, 1, 1], maxRetries: 0 }).start();
  // Shares follow demand, so there has to be some before the minute that is counted.
  await untilQuiet({ atLeastMs: USED_UP_MS });
  const before = await counts();
  await untilQuiet({ atLeastMs: USED_UP_MS });
  const after = await counts();
  await load.stop();
  const attempts = after.seen - before.seen;
  const rateLimited = after.rateLimited - before.rateLimited;
  console.log(
    `of ${LIMIT} requests a minute ${attempts - rateLimited} were used, and ${rateLimited} more refused upstream`,
  );
  expect(attempts - rateLimited).toBeGreaterThanOrEqual(LIMIT * 0.95);
  expect(rateLimited).toBeLessThanOrEqual(attempts * 0.01);
});

async function untilQuiet({ atLeastMs }: { readonly atLeastMs: number }): Promise<void> {
  const thisMinuteMs = QUIET_SECOND * 1000 - (Date.now() % MINUTE_MS);
  await sleep(thisMinuteMs >= atLeastMs ? thisMinuteMs : thisMinuteMs + MINUTE_MS);
}
