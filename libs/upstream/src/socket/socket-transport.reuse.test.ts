import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, Socket } from 'node:net';
import { VirtualClock } from '@leeward/testkit';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { listening, post, Recorder, serving, transportTo } from '../fixtures/real-calls.ts';
import type { Transport } from '../transport.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

interface Visitor {
  readonly socket: Socket;
  /** Requests that came whole on this connection. */
  requests: number;
}

/** A server of raw bytes: `answer` is called with each request (ours end with a `}`), and all its connections are kept. */
async function rawServer(answer: (visitor: Visitor) => void): Promise<{ origin: string; visitors: Visitor[] }> {
  const visitors: Visitor[] = [];
  const server = createTcpServer((socket) => {
    const visitor = { socket, requests: 0 };
    visitors.push(visitor);
    socket.on('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').endsWith('}')) return;
      visitor.requests++;
      answer(visitor);
    });
  });
  return { origin: await listening(server), visitors };
}

async function answered(transport: Transport): Promise<Recorder> {
  const call = new Recorder();
  post(transport, call);
  await call.until('end');
  return call;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turns(1);
}

describe('the bound on connections', () => {
  it('makes further calls wait, and serves them in the order they came', async () => {
    const held: ServerResponse[] = [];
    const bodies: string[] = [];
    const connections = new Set<Socket>();
    const origin = await serving((request, response) => {
      connections.add(request.socket);
      request.on('data', (bytes: Buffer) => bodies.push(bytes.toString())).on('end', () => held.push(response));
    });
    const transport = transportTo(origin, { connections: 2 });
    const calls = Array.from({ length: 8 }, () => new Recorder());
    for (const [number, call] of calls.entries()) post(transport, call, String(number));
    for (let number = 0; number < calls.length; number++) {
      await eventually(() => held.length > number);
      await turns(3);
      // Never more than two at once.
      expect(held.length).toBeLessThanOrEqual(number + 2);
      held[number]?.end('ok');
    }
    await Promise.all(calls.map((call) => call.until('end')));
    expect([connections.size, bodies.slice(2)]).toEqual([2, ['2', '3', '4', '5', '6', '7']]);
  });

  it('forgets a waiting call that was aborted, whichever it is, and serves the others in order', async () => {
    const held: { body: string; response: ServerResponse }[] = [];
    const origin = await serving((request, response) => {
      request.on('data', (bytes: Buffer) => held.push({ body: bytes.toString(), response }));
    });
    const transport = transportTo(origin, { connections: 1 });
    const calls = Array.from({ length: 5 }, () => new Recorder());
    const inFlight = calls.map((call, number) => post(transport, call, String(number)));
    await eventually(() => held.length === 1);
    inFlight[1]?.abort();
    inFlight[3]?.abort();
    for (let count = 1; count <= 3; count++) {
      await eventually(() => held.length === count);
      held[count - 1]?.response.end('ok');
    }
    await calls[4]?.until('end');
    expect(held.map(({ body }) => body)).toEqual(['0', '2', '4']);
    expect([calls[1]?.told, calls[3]?.told]).toEqual([[], []]);
  });

  it('gives the place of a connection that broke, was aborted or was refused to the next in line', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => {
      if (visitors.length === 1) socket.resetAndDestroy();
      else if (visitors.length === 3) socket.write(OK);
    });
    const transport = transportTo(origin, { connections: 1 });
    const [broken, aborted, last] = [new Recorder(), new Recorder(), new Recorder()];
    post(transport, broken);
    const inFlight = post(transport, aborted);
    post(transport, last);
    await broken.until('reset');
    await aborted.until('sent');
    inFlight.abort();
    await last.until('end');
    expect([aborted.told, visitors.length]).toEqual([['sent'], 3]);
  });

  it('tells each waiting call by itself when nobody accepts connections', async () => {
    const server = createTcpServer();
    const origin = await listening(server);
    server.close();
    await once(server, 'close');
    const transport = transportTo(origin, { connections: 1 });
    const calls = Array.from({ length: 5 }, () => new Recorder());
    for (const call of calls) post(transport, call);
    await Promise.all(calls.map((call) => call.until('refused')));
    expect(calls.map(({ told }) => told)).toEqual(calls.map(() => ['refused']));
  });
});

describe('an idle socket', () => {
  it('is closed after half a minute to three quarters of one, and one in use is not', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const clock = new VirtualClock();
    const transport = transportTo(origin, { clock });
    await Promise.all([answered(transport), answered(transport)]);
    expect(visitors).toHaveLength(2);
    await clock.advance(20_000);
    const again = await answered(transport);
    expect([again.body, visitors.length]).toEqual(['ok', 2]);
    await clock.advance(10_000);
    await eventually(() => visitors.filter(({ socket }) => socket.destroyed).length === 1);
    await clock.advance(35_000);
    await eventually(() => visitors.every(({ socket }) => socket.destroyed));
    expect(clock.pending).toBe(0);
  });

  it('is not used any more when it is too old, though the sweep has not come yet', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const clock = new VirtualClock();
    const transport = transportTo(origin, { clock });
    await answered(transport);
    await clock.advance(20_000);
    await answered(transport);
    await clock.advance(29_999);
    await answered(transport);
    expect(visitors).toHaveLength(1);
    await clock.advance(30_000);
    await answered(transport);
    expect(visitors).toHaveLength(2);
  });

  it.each([
    ['timeout=5, max=100', 3999, 4000],
    ['max=100, Timeout=2', 999, 1000],
    ['timeout=600', 29_999, 30_000],
    ['max=100', 29_999, 30_000],
  ])('is left a second before its server said that it closes it (%s)', async (hint, stillMs, tooLongMs) => {
    const { origin, visitors } = await rawServer(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nkeep-alive: ${hint}\r\ncontent-length: 0\r\n\r\n`);
    });
    const clock = new VirtualClock();
    const transport = transportTo(origin, { clock });
    await answered(transport);
    await clock.advance(stillMs);
    await answered(transport);
    expect(visitors).toHaveLength(1);
    await clock.advance(tooLongMs);
    await answered(transport);
    expect(visitors).toHaveLength(2);
  });

  it('that its server closes is forgotten, and no call fails for it', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    for (let round = 1; round <= 20; round++) {
      const call = await answered(transport);
      expect([call.told.at(-1), visitors.length]).toEqual(['end', round]);
      const socket = visitors[round - 1]?.socket;
      if (socket === undefined) throw new Error('no connection');
      socket.end();
      await once(socket, 'close');
    }
  });

  it('that its server closes while a request is on its way resets that call alone', async () => {
    const { origin, visitors } = await rawServer(({ socket, requests }) => {
      if (requests === 1) socket.write(OK);
      else socket.resetAndDestroy();
    });
    const transport = transportTo(origin, { connections: 1 });
    await answered(transport);
    const [stale, next] = [new Recorder(), new Recorder()];
    post(transport, stale);
    post(transport, next);
    await stale.until('reset');
    await next.until('end');
    expect([stale.told, next.body, visitors.length]).toEqual([['sent', 'reset'], 'ok', 2]);
  });

  it('on which the server speaks unasked is closed', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    await answered(transport);
    visitors[0]?.socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
    await eventually(() => visitors[0]?.socket.destroyed === true);
    const call = await answered(transport);
    expect([call.body, visitors.length]).toEqual(['ok', 2]);
  });

  it('carries hundreds of calls without gathering listeners', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    onTestFinished(() => noDelay.mockRestore());
    const { origin } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    const listeners = () =>
      noDelay.mock.contexts
        .filter((socket) => socket instanceof Socket)
        .flatMap((socket) => socket.eventNames().map((name) => socket.listenerCount(name)))
        .reduce((sum, count) => sum + count, 0);
    await answered(transport);
    const before = listeners();
    expect(before).toBeGreaterThan(0);
    for (let count = 0; count < 300; count++) await answered(transport);
    expect(listeners()).toBe(before);
  });
});

describe('what comes behind a response', () => {
  it.each([
    ['a second response', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'],
    ['one byte', '\n'],
  ])('(%s) makes its socket unusable and reaches no call, also none that waits', async (_what, more) => {
    const { origin, visitors } = await rawServer(({ socket }) => {
      socket.write(visitors.length === 1 ? OK + more : OK);
    });
    const transport = transportTo(origin, { connections: 1 });
    const [first, second] = [new Recorder(), new Recorder()];
    post(transport, first);
    post(transport, second);
    await Promise.all([first.until('end'), second.until('end')]);
    expect([first.body, second.body, visitors.length]).toEqual(['ok', 'ok', 2]);
    expect(visitors[0]?.requests).toBe(1);
  });

  it.each([
    ['connection: close', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok'],
  ])('is nothing after %s: the next call has a socket of its own', async (_what, text) => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(text));
    const transport = transportTo(origin);
    await answered(transport);
    await answered(transport);
    expect(visitors.map(({ requests }) => requests)).toEqual([1, 1]);
  });

  it('is the end of a body that has no other', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nall there is'));
    const transport = transportTo(origin);
    expect([(await answered(transport)).body, (await answered(transport)).body]).toEqual([
      'all there is',
      'all there is',
    ]);
    expect(visitors).toHaveLength(2);
  });
});

describe('an answer that comes before the request is written out', () => {
  it('is told, and the rest of the request never meets the next call', async () => {
    const connections: Socket[] = [];
    const server = createTcpServer((socket) => {
      connections.push(socket);
      socket.once('data', () => {
        // The rest of the first body is never read.
        if (connections.length === 1) socket.pause();
        socket.write(OK);
      });
    });
    const transport = transportTo(await listening(server), { connections: 1 });
    const early = new Recorder();
    post(transport, early, 'x'.repeat(32 * 1024 * 1024));
    await early.until('end');
    await answered(transport);
    expect([early.body, connections.length]).toEqual(['ok', 2]);
  });
});

describe('an abort', () => {
  it('in the turn of the call sends nothing and opens nothing', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin);
    const call = new Recorder();
    post(transport, call).abort();
    await answered(transport);
    expect([call.told, visitors.length]).toEqual([[], 1]);
  });

  it('after the end leaves the socket to others', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    const call = new Recorder();
    const inFlight = post(transport, call);
    await call.until('end');
    const next = new Recorder();
    post(transport, next);
    await next.until('sent');
    inFlight.abort();
    inFlight.pause();
    await next.until('end');
    expect([call.told, visitors.length]).toEqual([['sent', 'head', 'data', 'end'], 1]);
  });

  it('from within the sending of the next call does not take that one’s socket', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    const [first, second] = [new Recorder(), new Recorder()];
    const inFlight = post(transport, first);
    post(transport, second);
    second.onTold = (what) => {
      if (what === 'sent') inFlight.abort();
    };
    await second.until('end');
    expect([first.told, visitors.length]).toEqual([['sent', 'head', 'data'], 1]);
  });
});

describe('a pause', () => {
  it.each(['head', 'data'])('on %s of a response that is all there does not outlive it', async (moment) => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    for (let count = 0; count < 3; count++) {
      const call = new Recorder();
      const inFlight = post(transport, call);
      call.onTold = (what) => {
        if (what === moment) inFlight.pause();
      };
      await call.until('end');
    }
    expect(visitors).toHaveLength(1);
  });
});

describe('closing', () => {
  it('waits for a call of the same turn', async () => {
    const { origin } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin);
    const call = new Recorder();
    post(transport, call);
    await transport.close();
    expect(call.told).toEqual(['sent', 'head', 'data', 'end']);
  });

  it('waits for no call that was aborted in the same turn', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin);
    post(transport, new Recorder()).abort();
    await transport.close();
    expect(visitors).toEqual([]);
  });

  it('serves what waits for a connection, then closes the sockets and leaves no timer', async () => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const clock = new VirtualClock();
    const transport = transportTo(origin, { connections: 1, clock });
    await answered(transport);
    const calls = Array.from({ length: 5 }, () => new Recorder());
    for (const call of calls) post(transport, call);
    const closing = transport.close();
    expect(transport.close()).toBe(closing);
    await closing;
    expect(calls.map(({ body }) => body)).toEqual(calls.map(() => 'ok'));
    await eventually(() => visitors.every(({ socket }) => socket.destroyed));
    expect(clock.pending).toBe(0);
  });

  it('is done at once where nothing was sent', async () => {
    await expect(transportTo('http://127.0.0.1:9').close()).resolves.toBeUndefined();
  });
});

describe('a receiver that throws', () => {
  class Throwing extends Recorder {
    constructor(moment: string) {
      super();
      this.onTold = (what) => {
        if (what === moment) throw new Error(`thrown on ${moment}`);
      };
    }
  }

  it.each(['sent', 'head', 'data', 'end'])('on %s hears of a reset, and no other call does', async (moment) => {
    const { origin } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin, { connections: 1 });
    const [before, thrower, after] = [new Recorder(), new Throwing(moment), new Recorder()];
    for (const call of [before, thrower, after]) post(transport, call);
    await Promise.all([before.until('end'), thrower.until('reset'), after.until('end')]);
    expect(thrower.cause?.message).toBe(`thrown on ${moment}`);
    expect(thrower.told.slice(-2)).toEqual([moment, 'reset']);
    expect([before.body, after.body]).toEqual(['ok', 'ok']);
  });
});

describe('a request', () => {
  it.each([
    ['a path with a line end', '/v1\r\nx: y', {}],
    ['a path with a space', '/v1 HTTP/1.1', {}],
    ['an empty path', '', {}],
    ['a header with a line end', '/', { authorization: 'Bearer a\r\nx: y' }],
    ['a header with a NUL', '/', { authorization: 'Bearer \0' }],
    ['a header beyond latin1', '/', { authorization: 'Bearer \u{1f511}' }],
  ])('with %s is refused without being sent', async (_what, path, headers) => {
    const { origin, visitors } = await rawServer(({ socket }) => socket.write(OK));
    const transport = transportTo(origin);
    const call = new Recorder();
    transport.send({ method: 'POST', path, headers, body: undefined }, call);
    expect(call.told).toEqual(['refused']);
    await answered(transport);
    expect(visitors.map(({ requests }) => requests)).toEqual([1]);
  });

  it('names the origin as it is written, with the port and in brackets for IPv6', async () => {
    const hosts: (string | undefined)[] = [];
    const origin = await serving((request, response) => {
      hosts.push(request.headers.host);
      response.end('ok');
    });
    const mapped = origin.replace('127.0.0.1', '[::ffff:127.0.0.1]');
    for (const one of [origin, mapped]) expect((await answered(transportTo(one))).body).toBe('ok');
    expect(hosts).toEqual([new URL(origin).host, new URL(mapped).host]);
  });

  it.each([
    ['POST', undefined, '0', ''],
    ['GET', undefined, undefined, ''],
    ['POST', 'ü'.repeat(3), '6', 'ü'.repeat(3)],
    ['POST', 'x'.repeat(100_000), '100000', 'x'.repeat(100_000)],
  ] as const)('%s says the length of its body, and sends it whole', async (method, body, length, sent) => {
    const seen: unknown[] = [];
    const server = createHttpServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      request.on('end', () => {
        seen.push(request.headers['content-length'], text);
        response.end('ok');
      });
    });
    const call = new Recorder();
    transportTo(await listening(server)).send(
      { method, path: '/', headers: {}, body: body === undefined ? undefined : Buffer.from(body) },
      call,
    );
    await call.until('end');
    expect(seen).toEqual([length, sent]);
  });
});
