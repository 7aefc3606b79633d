/** What the admin port says of the cluster: of none, and of one whose NATS is away. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';

async function get(gateway: TestGateway, path: string) {
  const response = await fetch(gateway.adminUrl + path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** One that nobody listens on any more. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function withoutNats(): Promise<object> {
  const servers = [`nats://127.0.0.1:${await closedPort()}`];
  return oneProvider('http://127.0.0.1:9', { cluster: { name: 'test', nats: { servers } } });
}

test('a node without a cluster has no peers, nothing to share and nothing amiss', async () => {
  await using gateway = await openGateway(oneProvider('http://127.0.0.1:9'));
  expect(await get(gateway, '/admin/peers')).toEqual({ status: 200, body: { self: null, peers: [], shares: [] } });
  const ready = { status: 'ready', degraded: [], inFlight: 0 };
  expect(await get(gateway, '/healthz/ready')).toEqual({ status: 200, body: ready });
});

test('a node whose NATS is away is ready, says what is amiss, and shows itself', async () => {
  await using gateway = await openGateway(await withoutNats());
  expect(await get(gateway, '/healthz/ready')).toEqual({
    status: 200,
    body: { status: 'ready', degraded: ['cluster-bus-disconnected'], inFlight: 0 },
  });
  const { body } = await get(gateway, '/admin/peers');
  expect(body).toMatchObject({ self: { bus: 'connecting', health: expect.any(Number) as number }, peers: [] });
  expect(await gateway.metric('leeward_cluster_bus_connected')).toBe(0);
  expect(await gateway.metric('leeward_cluster_peers')).toBe(0);
  expect((await fetch(`${gateway.adminUrl}/admin/peers`, { method: 'POST' })).status).toBe(404);
});

test('a node that drains is not ready, whether or not its NATS is there', async () => {
  await using gateway = await openGateway(await withoutNats());
  await fetch(`${gateway.adminUrl}/admin/drain`, { method: 'POST' });
  expect(await get(gateway, '/healthz/ready')).toMatchObject({ status: 503, body: { status: 'draining' } });
});

test('closing a node is no loss of its bus', async () => {
  const gateway = await openGateway(await withoutNats());
  await gateway[Symbol.asyncDispose]();
  expect(gateway.log.filter(({ event }) => event === 'cluster-bus-disconnected')).toEqual([]);
});
