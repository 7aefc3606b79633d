import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { listening, post, Recorder, serving, transportTo } from '../fixtures/real-calls.ts';

describe('socketTransport', () => {
  it('sends the request and tells of the answer in order', async () => {
    const seen: unknown[] = [];
    const origin = await serving((request, response) => {
      seen.push(request.method, request.url, request.headers['content-length']);
      request.on('data', (bytes: Buffer) => seen.push(bytes.toString()));
      response.writeHead(201, { 'content-type': 'application/json', 'x-twice': ['a', 'b'] }).end('{"ok":true}');
    });
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('end');
    expect(seen).toEqual(['POST', '/v1/chat/completions', '13', '{"model":"m"}']);
    expect(call.told).toEqual(['sent', 'head', 'data', 'end']);
    expect([call.status, call.headers['x-twice'], call.body]).toEqual([201, ['a', 'b'], '{"ok":true}']);
  });

  it('calls a connection that nobody accepts refused', async () => {
    const server = createTcpServer();
    const origin = await listening(server);
    server.close();
    await once(server, 'close');
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('refused');
    expect(call.told).toEqual(['refused']);
  });

  it('calls a socket that breaks before the head a reset', async () => {
    const origin = await serving((request) => request.socket.resetAndDestroy());
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('reset');
    expect(call.told).toEqual(['sent', 'reset']);
  });

  it('calls a socket that closes in good order before the head a reset', async () => {
    const origin = await serving((request) => request.socket.end());
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('reset');
    expect(call.told).toEqual(['sent', 'reset']);
  });

  it('calls a socket that breaks in the middle of a body a reset', async () => {
    const origin = await serving((request, response) => {
      response.writeHead(200).write('half', () => request.socket.resetAndDestroy());
    });
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('reset');
    expect(call.told.at(-1)).toBe('reset');
    expect(call.told).not.toContain('end');
  });

  it('calls a body shorter than its content-length a reset', async () => {
    const origin = await serving((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => request.socket.end());
    });
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('reset');
    expect(call.told).toEqual(['sent', 'head', 'data', 'reset']);
  });

  it('calls a chunked body without its last chunk a reset', async () => {
    const origin = await serving((request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).write('half', () => request.socket.end());
    });
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('reset');
    expect(call.told).toEqual(['sent', 'head', 'data', 'reset']);
  });

  it('keeps informational heads to itself', async () => {
    const origin = await serving((_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('done');
    });
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('end');
    expect(call.told).toEqual(['sent', 'head', 'data', 'end']);
    expect(call.status).toBe(200);
  });

  it('tells nothing after an abort while it was waiting for a socket, and sends nothing', async () => {
    let requests = 0;
    const responses: ServerResponse[] = [];
    const arrived = Promise.withResolvers<void>();
    const origin = await serving((_request, response) => {
      requests++;
      responses.push(response);
      arrived.resolve();
    });
    const transport = transportTo(origin, { connections: 1 });
    const [first, second, third] = [new Recorder(), new Recorder(), new Recorder()];
    post(transport, first);
    await arrived.promise;
    const waiting = post(transport, second);
    waiting.abort();
    responses[0]?.end('one');
    await first.until('end');
    post(transport, third);
    await third.until('sent');
    while (responses.length < 2) await new Promise((resolve) => setImmediate(resolve));
    responses[1]?.end('three');
    await third.until('end');
    expect([second.told, requests]).toEqual([[], 2]);
  });

  it('tells nothing of a call that was aborted while it was connecting', async () => {
    const accepted = Promise.withResolvers<Socket>();
    // TCP alone: the TLS handshake never goes on.
    const server = createTcpServer((socket) => accepted.resolve(socket));
    const origin = await listening(server);
    const call = new Recorder();
    const inFlight = post(transportTo(origin.replace('http:', 'https:')), call);
    const socket = await accepted.promise;
    inFlight.abort();
    socket.destroy();
    await once(socket, 'close');
    expect(call.told).toEqual([]);
  });

  it('closes the socket at the server when a stream is aborted', async () => {
    const closed = Promise.withResolvers<void>();
    const origin = await serving((request, response) => {
      request.socket.once('close', () => closed.resolve());
      response.writeHead(200).write('first');
    });
    const call = new Recorder();
    const inFlight = post(transportTo(origin), call);
    await call.until('data');
    inFlight.abort();
    await closed.promise;
    inFlight.abort();
    expect(call.told).toEqual(['sent', 'head', 'data']);
  });

  it.each(['sent', 'head', 'data'])('can be aborted from within the telling of %s', async (moment) => {
    const closed = Promise.withResolvers<void>();
    const server = createHttpServer((_request, response) => {
      response.writeHead(200).write('first');
    });
    server.on('connection', (socket: Socket) => socket.once('close', () => closed.resolve()));
    const call = new Recorder();
    const inFlight = post(transportTo(await listening(server)), call);
    call.onTold = (what) => {
      if (what === moment) inFlight.abort();
    };
    await closed.promise;
    expect(call.told.at(-1)).toBe(moment);
  });

  it('holds the upstream back while paused', async () => {
    const sizeBytes = 32 * 1024 * 1024;
    let flushed = false;
    const origin = await serving((request, response) => {
      if (request.url === '/ping') {
        response.end('pong');
        return;
      }
      response.writeHead(200);
      response.end(Buffer.alloc(sizeBytes, 'x'), () => {
        flushed = true;
      });
    });
    const transport = transportTo(origin);
    const call = new Recorder();
    const inFlight = post(transport, call);
    call.onTold = (what) => {
      if (what === 'head') inFlight.pause();
    };
    await call.until('head');
    // Fifty round trips beside it: time enough for bytes that nothing holds back.
    for (let trip = 0; trip < 50; trip++) {
      const ping = new Recorder();
      transport.send({ method: 'GET', path: '/ping', headers: {}, body: undefined }, ping);
      await ping.until('end');
    }
    const receivedBytes = call.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    expect(receivedBytes).toBeLessThan(1024 * 1024);
    expect(flushed).toBe(false);
    inFlight.resume();
    await call.until('end');
    expect(call.body.length).toBe(sizeBytes);
  });

  it('tells of a reset that came while it was paused, once resumed', async () => {
    const origin = await serving((request, response) => {
      response.writeHead(200).write('x'.repeat(1024), () => request.socket.resetAndDestroy());
    });
    const call = new Recorder();
    const inFlight = post(transportTo(origin), call);
    call.onTold = (what) => {
      if (what === 'head') inFlight.pause();
    };
    await call.until('head');
    inFlight.resume();
    await call.until('reset');
    expect(call.told.at(-1)).toBe('reset');
  });

  it('switches Nagle’s algorithm off', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    onTestFinished(() => noDelay.mockRestore());
    const origin = await serving((_request, response) => response.end('ok'));
    const call = new Recorder();
    post(transportTo(origin), call);
    await call.until('end');
    const port = new URL(origin).port;
    const ours = noDelay.mock.contexts.filter(
      (socket) => socket instanceof Socket && String(socket.remotePort) === port,
    );
    expect(ours.length).toBeGreaterThan(0);
    expect(noDelay.mock.calls.every(([on]) => on === true || on === undefined)).toBe(true);
  });

  it('uses a socket again for the next request', async () => {
    let connections = 0;
    const server = createHttpServer((_request, response) => response.end('ok'));
    server.on('connection', () => connections++);
    const transport = transportTo(await listening(server), { connections: 1 });
    for (let request = 0; request < 5; request++) {
      const call = new Recorder();
      post(transport, call);
      await call.until('end');
    }
    expect(connections).toBe(1);
  });

  it('lets the end of one call touch no other', async () => {
    const responses: ServerResponse[] = [];
    const both = Promise.withResolvers<void>();
    const origin = await serving((_request, response) => {
      responses.push(response);
      response.writeHead(200).write('first');
      if (responses.length === 2) both.resolve();
    });
    const transport = transportTo(origin);
    const [one, two] = [new Recorder(), new Recorder()];
    const inFlight = post(transport, one);
    post(transport, two);
    await both.promise;
    await Promise.all([one.until('data'), two.until('data')]);
    inFlight.abort();
    for (const response of responses) response.end('last');
    await two.until('end');
    expect([one.body, two.body]).toEqual(['first', 'firstlast']);
  });

  it('lets running calls end when it is closed, and refuses new ones without throwing', async () => {
    const ready = Promise.withResolvers<ServerResponse>();
    const origin = await serving((_request, response) => {
      response.writeHead(200).write('first');
      ready.resolve(response);
    });
    const transport = transportTo(origin);
    const [running, late] = [new Recorder(), new Recorder()];
    post(transport, running);
    await running.until('data');
    const closing = transport.close();
    post(transport, late);
    expect(late.told).toEqual(['refused']);
    (await ready.promise).end('last');
    await closing;
    expect(running.body).toBe('firstlast');
  });
});
