import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Clock, Secret, systemClock } from '@leeward/kernel';
import { seededRng, VirtualClock, TEST_ONLY_CERTIFICATE, TEST_ONLY_KEY } from '@leeward/testkit';
import { NatsServer, type NatsServerOptions } from '@leeward/tools';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { describeBus, heardBy, never, say } from './bus.contract.ts';
import { clusterOptions } from './bus-options.ts';
import { newIdentity, operatorSetup } from '../fixtures/nats-identities.ts';
import { NatsBus, type NatsPace } from './nats-bus.ts';

/** Everything that waits, a hundredth of what it is in the house: the tests wait for events, and these come sooner. */
const QUICK: NatsPace = { connectMs: 500, heartbeatMs: 50, firstWaitMs: 5, longestWaitMs: 50, steadyMs: 100 };

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });

let seed = 1;

interface More {
  readonly name?: string;
  readonly pace?: Partial<NatsPace>;
  readonly clock?: Clock;
}

function busTo(nats: object, more: More = {}): NatsBus {
  const { name, pace, clock = systemClock } = more;
  const options = clusterOptions.parse({ nats, ...(name === undefined ? {} : { name }) });
  const deps = { clock, rng: seededRng(seed++), pace: { ...QUICK, ...pace } };
  return new NatsBus(deps, { ...options, peer: `peer-${seed}` });
}

function ownBus(nats: object, more: More = {}): NatsBus {
  const bus = busTo(nats, more);
  onTestFinished(() => bus.close(AbortSignal.abort()));
  return bus;
}

async function ownServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = new NatsServer(options);
  onTestFinished(() => server.end());
  await server.start();
  return server;
}

const isConnected = (...buses: readonly NatsBus[]): Promise<void> =>
  eventually(() =>
    expect(buses.map(({ state, problem }) => [state, problem])).toEqual(buses.map(() => ['connected', undefined])),
  );

/** Two peers of these options reach each other. */
async function expectReach(nats: object): Promise<void> {
  const [one, other] = [ownBus(nats), ownBus(nats)];
  await isConnected(one, other);
  const heard = heardBy(other, 'event');
  say(one, 'event', 'reached');
  await eventually(() => expect(heard).toEqual(['reached']));
}

/** It stays away, for a reason that matches, and still tries. */
async function expectRefusal(bus: NatsBus, reason: RegExp): Promise<void> {
  await eventually(() => expect(bus.problem).toMatch(reason));
  expect(bus.state).toBe('connecting');
}

describeBus({
  name: 'NATS',
  open: async () => {
    const server = new NatsServer();
    await server.start();
    const buses: NatsBus[] = [];
    return {
      join: () => {
        const bus = busTo({ servers: [server.url] });
        buses.push(bus);
        return bus;
      },
      eventually,
      fail: () => server.kill(),
      recover: () => server.start(),
      end: async () => {
        for (const bus of buses) await bus.close(AbortSignal.abort());
        await server.end();
      },
    };
  },
});

describe('NatsBus', () => {
  it('drops and counts what its server would not take, and stays connected', async () => {
    const server = await ownServer({ config: 'max_payload: 1000' });
    const bus = ownBus({ servers: [server.url] });
    await isConnected(bus);
    const states: string[] = [];
    bus.onStateChange((state) => states.push(state));
    bus.publish('digest', new Uint8Array(1001));
    bus.publish('digest', new Uint8Array(1000));
    expect(bus.traffic).toMatchObject({ sentBytes: 1000, dropped: { oversized: 1 } });
    await bus.close(never());
    expect(states).toEqual(['closed']);
  });

  it('keeps two clusters on the same server apart', async () => {
    const server = await ownServer();
    const nats = { servers: [server.url] };
    const [prod, prodToo, test] = [
      ownBus(nats, { name: 'prod' }),
      ownBus(nats, { name: 'prod' }),
      ownBus(nats, { name: 'test' }),
    ];
    await isConnected(prod, prodToo, test);
    const heard = [prod, prodToo, test].map((bus) => heardBy(bus, 'digest'));
    say(test, 'digest', 'from test');
    say(prod, 'digest', 'from prod');
    await eventually(() => expect(heard).toEqual([[], ['from prod'], []]));
  });
});

describe('NatsBus, logging in', () => {
  it('needs no more than to publish and to listen under its cluster’s name', async () => {
    const permissions = 'permissions: { publish: "leeward.main.*", subscribe: "leeward.main.*" }';
    const server = await ownServer({ config: `authorization { users: [ { user: u, password: p, ${permissions} } ] }` });
    await expectReach({ servers: [server.url], user: 'u', password: new Secret('p') });
  });

  it('shows a user and a password', async () => {
    const server = await ownServer({ config: 'authorization { user: leeward, password: "pa ss/word" }' });
    await expectReach({ servers: [server.url], user: 'leeward', password: new Secret('pa ss/word') });
  });

  it('proves that it has a key', async () => {
    const user = newIdentity('user');
    const server = await ownServer({ config: `authorization { users: [ { nkey: ${user.publicKey} } ] }` });
    await expectReach({ servers: [server.url], nkeySeed: new Secret(user.seed) });
  });

  it('shows the token of a .creds file', async () => {
    const { config, credentials } = operatorSetup();
    const server = await ownServer({ config });
    await expectReach({ servers: [server.url], credentials: new Secret(credentials) });
  });

  it('says that it is refused, never with what it showed, and connects once the server is mended', async () => {
    const server = await ownServer({ config: 'authorization { user: leeward, password: "right" }' });
    const bus = ownBus({ servers: [server.url], user: 'leeward', password: new Secret('wrong-password') });
    await expectRefusal(bus, /Authorization Violation/);
    expect(bus.problem).not.toContain('wrong-password');
    const { port } = server;
    await server.kill();
    const mended = new NatsServer({ config: 'authorization { user: leeward, password: "wrong-password" }' });
    onTestFinished(() => mended.end());
    mended.port = port;
    await mended.start();
    await isConnected(bus);
  });

  it('does not call itself connected while it may not listen', async () => {
    const server = await ownServer({
      config: 'authorization { users: [ { user: u, password: p, permissions: { subscribe: "other.>" } } ] }',
    });
    const bus = ownBus({ servers: [server.url], user: 'u', password: new Secret('p') });
    const states: string[] = [];
    bus.onStateChange((state) => states.push(state));
    await expectRefusal(bus, /Permissions Violation for Subscription/);
    expect(states).toEqual([]);
  });

  it('says so when it may not publish', async () => {
    const server = await ownServer({
      config: 'authorization { users: [ { user: u, password: p, permissions: { publish: "other.>" } } ] }',
    });
    const bus = ownBus({ servers: [server.url], user: 'u', password: new Secret('p') });
    await isConnected(bus);
    const seen: unknown[] = [];
    bus.onStateChange((state) => seen.push([state, bus.problem]));
    say(bus, 'digest', 'not allowed');
    const refused = expect.stringMatching(/Permissions Violation for Publish/);
    await eventually(() => expect(seen[0]).toEqual(['connecting', refused]));
  });
});

describe('NatsBus over TLS', () => {
  const files = { 'cert.pem': TEST_ONLY_CERTIFICATE, 'key.pem': TEST_ONLY_KEY };
  const config = 'tls { cert_file: "cert.pem", key_file: "key.pem" }';
  const ca = new Secret(TEST_ONLY_CERTIFICATE.trim());

  it.each(['localhost', '127.0.0.1'])('reaches a server whose certificate names %s', async (hostname) => {
    const server = await ownServer({ config, files });
    await expectReach({ servers: [`tls://${hostname}:${server.port}`], tls: { ca } });
  });

  it('refuses a certificate that nobody trusts', async () => {
    const server = await ownServer({ config, files });
    await expectRefusal(ownBus({ servers: [server.url], tls: {} }), /self-signed certificate/);
    await expectRefusal(ownBus({ servers: [server.url] }), /self-signed certificate/);
  });

  it('refuses a trusted certificate of another host, by address too', async () => {
    const server = await ownServer({ config, files });
    const bus = ownBus({ servers: [`nats://[::ffff:127.0.0.1]:${server.port}`], tls: { ca } });
    await expectRefusal(bus, /not in the cert/);
  });

  it('refuses to speak in the clear when TLS is demanded', async () => {
    const server = await ownServer({ config: 'authorization { user: u, password: p }' });
    const login = { user: 'u', password: new Secret('p') };
    await expectRefusal(ownBus({ servers: [server.url], ...login, tls: {} }), /does not support 'tls'/);
    await expectRefusal(ownBus({ servers: [server.url.replace('nats:', 'tls:')], ...login }), /does not support 'tls'/);
  });

  it('shows a certificate of its own to a server that asks for one', async () => {
    const asking = 'tls { cert_file: "cert.pem", key_file: "key.pem", ca_file: "cert.pem", verify: true }';
    const server = await ownServer({ config: asking, files });
    const key = new Secret(TEST_ONLY_KEY.trim());
    await expectReach({ servers: [server.url], tls: { ca, cert: ca, key } });
    await expectRefusal(ownBus({ servers: [server.url], tls: { ca } }), /./);
  });
});

describe('NatsBus, losing its server', () => {
  it('goes to another server when its own is gone, and back again', async () => {
    const [first, second] = [await ownServer(), await ownServer()];
    const servers = [first.url, second.url];
    await first.kill();
    const [one, other] = [ownBus({ servers }), ownBus({ servers })];
    await isConnected(one, other);
    await second.kill();
    await eventually(() => expect([one.state, other.state]).toEqual(['connecting', 'connecting']));
    await first.start();
    await isConnected(one, other);
    const heard = heardBy(other, 'digest');
    say(one, 'digest', 'elsewhere');
    await eventually(() => expect(heard).toEqual(['elsewhere']));
  });

  it('says why each server cannot be reached', async () => {
    const [first, second] = [await ownServer(), await ownServer()];
    const servers = [first.url, second.url];
    await Promise.all([first.kill(), second.kill()]);
    const bus = ownBus({ servers });
    await eventually(() => expect(bus.problem?.match(/127\.0\.0\.1:\d+: connect ECONNREFUSED/g)).toHaveLength(2));
  });

  it('leaves a server that has frozen, keeps a bound on what it sends it, and finds it again when it thaws', async () => {
    const server = await ownServer();
    const bus = ownBus({ servers: [server.url] }, { pace: { connectMs: 100 } });
    await isConnected(bus);
    server.freeze();
    const message = new Uint8Array(100_000);
    for (let count = 0; count < 1000; count++) bus.publish('digest', message);
    expect(bus.traffic.sentBytes).toBeLessThanOrEqual(1024 * 1024);
    expect(bus.traffic.dropped.congested).toBe(1000 - bus.traffic.sentMessages);
    await eventually(() => expect(bus.problem).toMatch(/no longer answers|no greeting/));
    expect(bus.state).toBe('connecting');
    await eventually(() => expect(bus.problem).toMatch(/no greeting within 100 ms/));
    server.thaw();
    await isConnected(bus);
  });

  it('closes a frozen connection when its signal aborts, and not before', async () => {
    const server = await ownServer();
    const bus = ownBus({ servers: [server.url] }, { pace: { heartbeatMs: 3_600_000 } });
    await isConnected(bus);
    server.freeze();
    const controller = new AbortController();
    let isClosed = false;
    const closing = bus.close(controller.signal).then(() => {
      isClosed = true;
    });
    await eventually(() => expect(bus.state).toBe('closed'));
    expect(isClosed).toBe(false);
    controller.abort();
    await closing;
    expect(isClosed).toBe(true);
  });

  it('hangs up on a login that is accepted only after the bus has closed', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<Socket>();
    const slow = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => resolve(socket));
      socket.write('INFO {"version":"2.9.0","proto":1,"max_payload":1048576}\r\n');
    });
    slow.listen(0, '127.0.0.1');
    await once(slow, 'listening');
    onTestFinished(() => void slow.close());
    const bus = ownBus(
      { servers: [`nats://127.0.0.1:${(slow.address() as AddressInfo).port}`] },
      { pace: { connectMs: 60_000 } },
    );
    const socket = await asked;
    await bus.close(never());
    const hungUp = once(socket, 'close');
    socket.write('PONG\r\n');
    await hungUp;
    expect(bus.state).toBe('closed');
  });

  it('stops trying when it is closed, and leaves no timer behind', async () => {
    const server = await ownServer();
    await server.kill();
    const clock = new VirtualClock();
    const bus = ownBus({ servers: [server.url] }, { clock });
    for (const waits of [1, 2, 3]) {
      await eventually(() => expect([bus.problem, clock.pending]).toEqual([expect.stringMatching(/ECONNREFUSED/), 1]));
      if (waits < 3) await clock.advance(QUICK.longestWaitMs);
    }
    await bus.close(never());
    expect([bus.state, clock.pending]).toEqual(['closed', 0]);
  });
});
