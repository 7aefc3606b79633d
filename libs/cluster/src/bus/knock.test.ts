import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '@leeward/kernel';
import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { never } from './bus.contract.ts';
import { type Door, knock } from './knock.ts';

/** A server on a free port, and a promise for the first socket's end on the server's side. */
async function door(
  onSocket: (socket: Socket) => void,
): Promise<{ door: Door; hungUp: Promise<unknown>; server: Server }> {
  const { promise: hungUp, resolve } = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => resolve());
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  return { door: { hostname: '127.0.0.1', port: address.port }, hungUp, server };
}

describe('knock', () => {
  it('is content with a server that greets, and hangs up', async () => {
    const { door: at, hungUp } = await door((socket) => socket.write('INFO {"server_id":"x"}\r\n'));
    await expect(knock(at, systemClock, 10_000, never())).resolves.toBeUndefined();
    await hungUp;
  });

  it('takes a greeting in pieces', async () => {
    const { door: at } = await door((socket) => {
      socket.setNoDelay(true);
      socket.write('IN', () => socket.write('FO', () => socket.write(' {}\r\n')));
    });
    await expect(knock(at, systemClock, 10_000, never())).resolves.toBeUndefined();
  });

  it('refuses what speaks something else, at its first byte', async () => {
    const { door: at, hungUp } = await door((socket) => socket.write('H'));
    await expect(knock(at, systemClock, 10_000, never())).rejects.toThrow('does not speak NATS');
    await hungUp;
  });

  it('refuses one that hangs up without a word', async () => {
    const { door: at } = await door((socket) => socket.end());
    await expect(knock(at, systemClock, 10_000, never())).rejects.toThrow('hung up without a greeting');
  });

  it('says why nobody is there', async () => {
    const { door: at, server } = await door(() => undefined);
    server.close();
    await once(server, 'close');
    await expect(knock(at, systemClock, 10_000, never())).rejects.toThrow('ECONNREFUSED');
  });

  it('leaves a silent server after its time, with nothing left behind', async () => {
    const clock = new VirtualClock();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const { door: at, hungUp } = await door(() => resolve());
    const knocked = knock(at, clock, 3000, never()).catch((error: unknown) => error);
    await reached;
    await clock.advance(3000);
    expect(String(await knocked)).toContain('no greeting within 3000 ms');
    await hungUp;
    expect(clock.pending).toBe(0);
  });

  it('ends with its signal’s reason, before and while it waits', async () => {
    const clock = new VirtualClock();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const { door: at, hungUp } = await door(() => resolve());
    const reason = new Error('the bus closes');
    await expect(knock(at, clock, 3000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const knocked = knock(at, clock, 3000, controller.signal).catch((error: unknown) => error);
    await reached;
    controller.abort(reason);
    expect(await knocked).toBe(reason);
    await hungUp;
    expect(clock.pending).toBe(0);
  });
});
