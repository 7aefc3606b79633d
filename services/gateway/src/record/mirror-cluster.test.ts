import { expect, test } from 'vitest';
import { sumOf } from '../fixtures/open-gateway.ts';
import { type JoinedFleet, JoinedFleets, providerWith } from '../fixtures/joined-fleets.ts';

async function scraped(node: JoinedFleet) {
  const { body } = await node.metrics.text(undefined);
  return (name: string, ...labels: string[]) => sumOf(body, `leeward_cluster_${name}`, labels);
}

async function twoNodes() {
  const fleets = new JoinedFleets();
  const provider = providerWith(['a', 'b'], { requestsPerMinute: 600 });
  const [one, two] = [fleets.join('one', provider), fleets.join('two', provider)] as const;
  await fleets.meet();
  return { fleets, one, two };
}

test('each scrape shows the peers, the age of their words, the bytes and the shares', async () => {
  const { fleets, one } = await twoNodes();
  const first = await scraped(one);
  expect([first('bus_connected'), first('peers'), first('retries_per_second')]).toEqual([1, 1, 5]);
  expect(first('digest_age_seconds')).toBeLessThan(0.5);
  expect(first('quota_share', 'provider="mistral"', 'model="large"')).toBe(300);
  expect(first('messages_total', 'receipt="merged"')).toBeGreaterThan(10);
  expect(first('convergence_seconds_count')).toBe(1);
  await fleets.clock.advance(5000);
  const second = await scraped(one);
  for (const direction of ['direction="sent"', 'direction="received"']) {
    expect(second('bytes_total', direction)).toBeGreaterThan(first('bytes_total', direction));
    expect(second('bytes_total', direction)).toBeLessThan(3 * first('bytes_total', direction));
  }
});

test('a lost bus and silent peers show', async () => {
  const { fleets, one } = await twoNodes();
  fleets.network.goDown();
  await fleets.clock.advance(4000);
  const away = await scraped(one);
  expect([away('bus_connected'), away('peers')]).toEqual([0, 1]);
  expect(away('digest_age_seconds')).toBeGreaterThan(3.9);
  expect(away('health')).toBeGreaterThan(0);
  await fleets.clock.advance(30_000);
  expect((await scraped(one))('peers')).toBe(0);
});

test('a hold counts once for each target, however often it is said again', async () => {
  const { fleets, one, two } = await twoNodes();
  await two.attempt('a', { kind: 'credentials' });
  await fleets.clock.advance(4000);
  expect((await scraped(one))('holds_total', 'hold="key-quarantined"')).toBe(1);
});
