import { TEST_ONLY_CERTIFICATE, TEST_ONLY_KEY } from '@leeward/testkit';
import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';

import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { listening, post, Recorder, transportTo } from '../fixtures/real-calls.ts';

async function servingTls(listener: RequestListener, options: ServerOptions = {}): Promise<string> {
  const server = createHttpsServer({ key: TEST_ONLY_KEY, cert: TEST_ONLY_CERTIFICATE, ...options }, listener);
  server.on('tlsClientError', () => undefined);
  return (await listening(server)).replace('http:', 'https:');
}

/** What the server saw of each connection, one per request. */
function seeingConnections(seen: object[]): RequestListener {
  return ({ socket }, response) => {
    if (!(socket instanceof TLSSocket)) throw new Error('not over TLS');
    seen.push({ name: socket.servername, protocol: socket.alpnProtocol, resumed: socket.isSessionReused() });
    response.writeHead(200, { connection: 'close' }).end('secret');
  };
}

const ca = TEST_ONLY_CERTIFICATE;

describe('socketTransport over TLS', () => {
  it('asks for the origin’s name and for HTTP/1.1', async () => {
    const seen: object[] = [];
    const origin = await servingTls(seeingConnections(seen), { ALPNProtocols: ['h2', 'http/1.1'] });
    const call = new Recorder();
    post(transportTo(origin.replace('127.0.0.1', 'localhost'), { ca }), call);
    await call.until('end');
    expect([call.told, call.body]).toEqual([['sent', 'head', 'data', 'end'], 'secret']);
    expect(seen).toEqual([{ name: 'localhost', protocol: 'http/1.1', resumed: false }]);
  });

  it('checks an address against the certificate, and names it to nobody', async () => {
    const seen: object[] = [];
    const call = new Recorder();
    post(transportTo(await servingTls(seeingConnections(seen)), { ca }), call);
    await call.until('end');
    expect(seen).toMatchObject([{ name: false }]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes its session on the next connection (%s)', async (version) => {
    const seen: object[] = [];
    const origin = await servingTls(seeingConnections(seen), { minVersion: version, maxVersion: version });
    const transport = transportTo(origin, { ca });
    for (let count = 0; count < 3; count++) {
      const call = new Recorder();
      post(transport, call);
      await call.until('end');
    }
    expect(seen).toMatchObject([{ resumed: false }, { resumed: true }, { resumed: true }]);
  });

  it('goes on with a server that has forgotten the session', async () => {
    const seen: object[] = [];
    const server = createHttpsServer({ key: TEST_ONLY_KEY, cert: TEST_ONLY_CERTIFICATE }, seeingConnections(seen));
    const transport = transportTo((await listening(server)).replace('http:', 'https:'), { ca });
    for (let count = 0; count < 2; count++) {
      const call = new Recorder();
      post(transport, call);
      await call.until('end');
      server.setTicketKeys(Buffer.alloc(48, count + 1));
    }
    expect(seen).toMatchObject([{ resumed: false }, { resumed: false }]);
  });

  it('calls a certificate that nobody trusts refused, and sends nothing', async () => {
    const seen: object[] = [];
    const call = new Recorder();
    post(transportTo(await servingTls(seeingConnections(seen))), call);
    await call.until('refused');
    expect([call.told, seen]).toEqual([['refused'], []]);
    expect(call.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  it('calls a trusted certificate of another host refused, and sends nothing, however often it is asked', async () => {
    const seen: object[] = [];
    const origin = await servingTls(seeingConnections(seen));
    // The same address in another form, which the certificate does not name.
    const transport = transportTo(origin.replace('127.0.0.1', '[::ffff:127.0.0.1]'), { ca });
    for (let count = 0; count < 3; count++) {
      const call = new Recorder();
      post(transport, call);
      await call.until('refused');
      expect(call.told).toEqual(['refused']);
      expect(call.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    }
    expect(seen).toEqual([]);
  });

  it('calls a server that speaks no TLS refused', async () => {
    const origin = await listening(createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')));
    const call = new Recorder();
    post(transportTo(origin.replace('http:', 'https:'), { ca }), call);
    await call.until('refused');
    expect(call.told).toEqual(['refused']);
  });
});
