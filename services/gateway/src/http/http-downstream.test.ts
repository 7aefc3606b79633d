import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { oneProvider, openGateway, type TestGateway } from '../fixtures/open-gateway.ts';
import { answersChat, beginStream, chatBody, event, openUpstream } from '../fixtures/open-upstream.ts';
import { rawClient, requestText } from '../fixtures/raw-client.ts';

const CHAT = 'POST /v1/chat/completions';

afterEach(() => vi.restoreAllMocks());

async function recorded(gateway: TestGateway): Promise<void> {
  while (gateway.gateway.app.inFlight() > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe('a client that leaves', () => {
  test.each([
    ['before a whole answer', {}],
    ['before the first token', { stream: true }],
  ])('%s takes the upstream’s work with it', async (_when, more) => {
    const asked = Promise.withResolvers<void>();
    await using upstream = await openUpstream(() => asked.resolve());
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    const client = await rawClient(gateway.port);
    client.send(requestText(CHAT, { body: chatBody(more) }));
    await asked.promise;
    const aborted = upstream.nextAbort();
    client.socket.resetAndDestroy();
    await aborted;
    await recorded(gateway);
    expect(await gateway.metric('leeward_client_disconnects_total', 'surface="chat"')).toBe(1);
    expect(await gateway.metric('leeward_requests_total', 'status="499"')).toBe(1);
    expect(await gateway.metric('leeward_attempts_total', 'outcome="cancelled"')).toBe(1);
    expect(upstream.seen()).toBe(1);
  });

  test('in the middle of a stream does so too, and nothing is tried again', async () => {
    await using upstream = await openUpstream((_request, response) => {
      beginStream(response);
      response.write(event('begun'));
    });
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    const client = await rawClient(gateway.port);
    client.send(requestText(CHAT, { body: chatBody({ stream: true }) }));
    await client.until('begun');
    const aborted = upstream.nextAbort();
    client.socket.resetAndDestroy();
    await aborted;
    await recorded(gateway);
    expect(await gateway.metric('leeward_client_disconnects_total', 'surface="chat"')).toBe(1);
    expect(await gateway.metric('leeward_breaker_trips_total')).toBe(0);
    expect(upstream.seen()).toBe(1);
    const states = gateway.log.filter(({ event: name }) => name === 'exchange-finished').map(({ end }) => end);
    expect(states).toEqual(['cancelled']);
  });
});

describe('a client that reads slowly', () => {
  test('slows the upstream down instead of filling this process, and gets every byte in the end', async () => {
    const PIECE = event('x'.repeat(64 * 1024));
    const PIECES = 1000;
    let said = 0;
    let upstreamResponse: ServerResponse | undefined;
    const stuck = Promise.withResolvers<void>();
    await using upstream = await openUpstream((_request, response) => {
      upstreamResponse = response;
      beginStream(response);
      const say = () => {
        while (said < PIECES) {
          said++;
          if (!response.write(PIECE)) {
            // Full: either the gateway reads on, or it has stopped and this is the end of it for now.
            const timer = setTimeout(() => stuck.resolve(), 100);
            response.once('drain', () => {
              clearTimeout(timer);
              say();
            });
            return;
          }
        }
        response.end(event('', { finish_reason: 'stop' }));
      };
      say();
    });
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    using client = await rawClient(gateway.port);
    client.socket.pause();
    client.send(requestText(CHAT, { body: chatBody({ stream: true }) }));
    await stuck.promise;
    // What two pairs of socket buffers hold, whatever the kernel's taste; far from the 64 MB of the whole.
    expect(said).toBeLessThan(PIECES * 0.6);
    expect(upstreamResponse?.writableNeedDrain).toBe(true);
    let heardBytes = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (bytes: Buffer) => {
      heardBytes += bytes.length;
    });
    const finished = once(upstreamResponse ?? client.socket, 'finish');
    client.socket.resume();
    await finished;
    await recorded(gateway);
    expect(heardBytes).toBeGreaterThan(PIECES * 64 * 1024 * 0.9);
    expect(said).toBe(PIECES);
  });
});

describe('small pieces', () => {
  test('are not held back by the kernel on either side', async () => {
    const setNoDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    await using upstream = await openUpstream(answersChat);
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    const [socket] = await Promise.all([
      once(gateway.data, 'connection').then(([first]: Socket[]) => first),
      fetch(`${gateway.dataUrl}/v1/chat/completions`, { method: 'POST', body: chatBody() }).then((r) => r.text()),
    ]);
    const { port } = new URL(upstream.url);
    const toUpstream = setNoDelay.mock.contexts.filter(
      (one) => one instanceof Socket && one.remotePort === Number(port),
    );
    expect(toUpstream.length).toBeGreaterThan(0);
    // Node sets it on accepted sockets below JavaScript; what it was told is all there is to see.
    expect(gateway.data).toMatchObject({ noDelay: true });
    expect(socket).toBeInstanceOf(Socket);
  });

  test('of a stream leave one by one, each before the next is said', async () => {
    const responses: ServerResponse[] = [];
    await using upstream = await openUpstream((_request, response) => {
      responses.push(response);
      beginStream(response);
      response.write(event('piece-1'));
    });
    await using gateway = await openGateway(oneProvider(upstream.url, { auth: 'none' }));
    using client = await rawClient(gateway.port);
    client.send(requestText(CHAT, { body: chatBody({ stream: true }) }));
    for (let number = 1; number <= 5; number++) {
      await client.until(`piece-${number}`);
      responses[0]?.write(event(`piece-${number + 1}`));
    }
    expect(client.heard()).toMatch(/x-accel-buffering: no/);
  });
});
