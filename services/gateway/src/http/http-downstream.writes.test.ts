import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EndOfTurn } from '@leeward/kernel';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { rawClient } from '../fixtures/raw-client.ts';
import { HttpDownstream } from './http-downstream.ts';

/** A downstream on a real response, and the client that asked for it. */
async function opened() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = await rawClient(port);
  onTestFinished(async () => {
    client.socket.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const ask = async () => {
    const asked = once(server, 'request');
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [, response]: [unknown, ServerResponse] = (await asked) as never;
    response.on('error', (error) => errors.push(error));
    return { response, downstream: new HttpDownstream(response, 'req-1', new EndOfTurn()) };
  };
  const errors: Error[] = [];
  return { client, ask, errors, ...(await ask()) };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const bytes = (text: string) => Buffer.from(text);

/** In no header of the answer's, and in no chunk's size. */
const FILLING = 'Z'.charCodeAt(0);

describe('what one turn says', () => {
  test('is one write, in order, and nothing before the turn ends', async () => {
    const { client, response, downstream } = await opened();
    const write = vi.spyOn(response, 'write');
    response.writeHead(200);
    for (const text of ['one,', 'two,', 'three,']) expect(downstream.write(bytes(text))).toBe(true);
    expect(write).not.toHaveBeenCalled();
    await turn();
    expect(write.mock.calls.map(([sent]) => String(sent))).toEqual(['one,two,three,']);
    downstream.write(bytes('four'));
    downstream.end();
    await client.until('four\r\n0\r\n\r\n');
    expect(client.heard()).toMatch(/one,two,three,[^]*four\r\n0\r\n\r\n$/);
  });

  test('is passed on without a copy when it is one piece', async () => {
    const { response, downstream } = await opened();
    const write = vi.spyOn(response, 'write');
    const piece = bytes('alone');
    downstream.write(piece);
    await turn();
    expect(write.mock.calls[0]?.[0]).toBe(piece);
  });

  test('holds an error frame and the end behind what was said before', async () => {
    const { client, response, downstream } = await opened();
    response.writeHead(200);
    downstream.write(bytes('token,'));
    await turn();
    downstream.write(bytes('error frame'));
    downstream.end();
    await client.until('0\r\n\r\n');
    expect(client.heard()).toMatch(/token,[^]*error frame\r\n0\r\n\r\n$/);
  });
});

describe('after the end', () => {
  test('nothing more is said, in the same turn or later, and the connection serves the next request', async () => {
    const { client, response, downstream, ask, errors } = await opened();
    response.writeHead(200);
    downstream.write(bytes('all'));
    downstream.end();
    downstream.write(bytes('late'));
    downstream.end();
    await client.until('0\r\n\r\n');
    downstream.write(bytes('later'));
    downstream.end();
    await turn();
    const next = await ask();
    next.downstream.answer(200, { 'content-length': '4' }, bytes('next'));
    await client.until('next');
    expect(client.heard()).not.toMatch(/late/);
    expect(errors).toEqual([]);
  });

  test('a stream of nothing is ended all the same', async () => {
    const { client, response, downstream } = await opened();
    response.writeHead(200);
    downstream.end();
    expect(await client.until('0\r\n\r\n')).toMatch(/\r\n\r\n0\r\n\r\n$/);
  });

  test('a client that goes has not left: it has everything', async () => {
    const { client, response, downstream } = await opened();
    const left = vi.fn();
    downstream.onLeave(left);
    const { socket } = response;
    if (socket === null) throw new Error('no connection');
    downstream.answer(200, { 'content-length': '2' }, bytes('ok'));
    await client.until('ok');
    const closed = once(socket, 'close');
    client.socket.destroy();
    await closed;
    expect([left.mock.calls.length, downstream.left, downstream.signal.aborted]).toEqual([0, false, false]);
  });
});

describe('after the client has left', () => {
  test('writes and the end go nowhere, want no draining and are no error', async () => {
    const { client, response, downstream, errors } = await opened();
    const left = vi.fn();
    downstream.onLeave(left);
    const { signal } = downstream;
    response.writeHead(200);
    downstream.write(bytes('first'));
    await client.until('first');
    const closed = once(response, 'close');
    client.socket.resetAndDestroy();
    await closed;
    expect([left.mock.calls.length, downstream.left, signal.aborted]).toEqual([1, true, true]);
    expect(downstream.signal.aborted).toBe(true);
    const write = vi.spyOn(response, 'write');
    const end = vi.spyOn(response, 'end');
    expect(downstream.write(bytes('x'.repeat(1_000_000)))).toBe(true);
    downstream.end();
    await turn();
    await turn();
    expect([write.mock.calls.length, end.mock.calls.length, errors]).toEqual([0, 0, []]);
  });

  test('what it had not heard yet in that turn is dropped', async () => {
    const { response, downstream, errors } = await opened();
    response.writeHead(200);
    const write = vi.spyOn(response, 'write');
    downstream.write(bytes('never sent'));
    response.destroy();
    await turn();
    await turn();
    expect([write.mock.calls.length, errors]).toEqual([0, []]);
  });
});

describe('a client that does not read', () => {
  test('is waited for, and reads everything once it does', async () => {
    const { client, response, downstream } = await opened();
    client.socket.pause();
    response.writeHead(200);
    const piece = Buffer.alloc(1024 * 1024, FILLING);
    let saidBytes = 0;
    while (downstream.write(piece)) {
      saidBytes += piece.length;
      await turn();
      if (saidBytes > 256 * 1024 * 1024) throw new Error('nothing held it back');
    }
    // The piece that was answered with false is on its way too.
    saidBytes += piece.length;
    const drained = new Promise<void>((resolve) => downstream.onDrain(resolve));
    const heardAll = Promise.withResolvers<void>();
    let heardBytes = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (more: Buffer) => {
      for (const byte of more) if (byte === FILLING) heardBytes++;
      if (heardBytes >= saidBytes) heardAll.resolve();
    });
    client.socket.resume();
    await drained;
    downstream.end();
    await heardAll.promise;
    expect(heardBytes).toBe(saidBytes);
  });

  test('is waited for a minute at the end of an answer, counted anew with every byte that it takes', async () => {
    const { client, response, downstream } = await opened();
    client.socket.pause();
    const { socket } = response;
    downstream.answer(200, {}, Buffer.alloc(64 * 1024 * 1024, FILLING));
    await turn();
    // Node counts, and lets go of the connection with this event when nobody takes it.
    expect(socket?.timeout).toBe(60_000);
    const closed = once(response, 'close');
    socket?.emit('timeout');
    await closed;
    expect(response.writableFinished).toBe(false);
  });

  test('and then does is not held to that minute with its next request', async () => {
    const { client, response, downstream, ask } = await opened();
    client.socket.pause();
    downstream.answer(200, {}, Buffer.alloc(16 * 1024 * 1024, FILLING));
    await turn();
    client.socket.resume();
    await once(response, 'finish');
    const next = await ask();
    expect(next.response.socket?.timeout).toBe(0);
  });
});
