import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { clientPorts, clientPortsOf } from './client-ports.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:C351 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1
   3: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 103 1 0 20 4 30 10 -1
`;

test('connections are told apart by who holds the server’s end', () => {
  expect(clientPorts(TABLE, 8080, new Set(['100', '101', '103']))).toEqual(new Set([50_000]));
  expect(clientPorts(TABLE, 8080, new Set(['101', '102']))).toEqual(new Set([50_000, 50_001]));
  expect(clientPorts(TABLE, 8081, new Set(['101', '102']))).toEqual(new Set());
});

test('a process’s own connections are found', async () => {
  await using stack = new AsyncDisposableStack();
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  stack.defer(() => void client.destroy());
  const [held] = (await accepted) as [Socket];
  expect(clientPortsOf(process.pid, port)).toEqual(new Set([held.remotePort]));
});
