/**
 * The bus over NATS core: one subject for each of ours under `leeward.<cluster>`, one wildcard subscription, nothing
 * stored and nothing acknowledged. All of the NATS client stands in this file.
 *
 * It is never in the way. Without a connection a message is dropped and counted. The same happens when the server has
 * not confirmed what was sent before: a PING goes behind the messages, one at a time, so that only so much can pile up
 * behind a server that no longer reads. It never gives up: not for refused credentials, which may be mended on the
 * server, not for servers that were away at the start.
 *
 * Reconnecting is ours and not the client's. The client would keep messages for later, when they are old; it stops at
 * the second refused login, waits for ever behind a frozen server that its own ping has found stale, and does not say
 * why it fails. Each connection is a new one, made after a knock at the door, with its waits on our Clock and its
 * chance from our Rng.
 */
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { Clock, Rng, Timer } from '@leeward/kernel';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  type NodeConnectionOptions,
  PermissionViolationError,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { BusListeners } from './bus-listeners.ts';
import type { ClusterOptions, NatsOptions, ServerAddress } from './bus-options.ts';
import { knock } from './knock.ts';
import { type ReconnectPace, ReconnectWaits } from './reconnect-waits.ts';
import { type BusState, MAX_MESSAGE_BYTES, type Subject, type Unsubscribe } from '../shapes.ts';
import type { DropReason, MeasuredBus, Traffic } from './traffic.ts';

/** Four of the largest messages: what may be lost in a server that has stopped, and all that is kept for it. */
const MAX_UNCONFIRMED_BYTES = 4 * MAX_MESSAGE_BYTES;

/** A server that has answered nothing for three heartbeats is given up. Counted in beats: a stall of our own is not its fault. */
const MAX_MISSED_BEATS = 3;

export interface NatsPace extends ReconnectPace {
  /** For a server's first word, and again for the login. */
  readonly connectMs: number;
  readonly heartbeatMs: number;
}

const PACE: NatsPace = {
  /** Longer than a handshake over a slow network with one lost packet; short enough that a dead server costs little. */
  connectMs: 3000,
  /** Six seconds until a frozen server is left: beyond its own pauses, and well before evidence is too old to use. */
  heartbeatMs: 2000,
  /** A server restarts in less; a hundred peers spread over an eighth of a second are no herd. */
  firstWaitMs: 250,
  /** A recovery waits for no more, so that two seconds are enough to be whole again; a knock a second hurts nobody. */
  longestWaitMs: 1000,
  /** Longer than it takes a server to refuse what the login let pass (a permission to publish). */
  steadyMs: 10_000,
};

export interface NatsBusDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly pace?: NatsPace;
}

/** `peer`: how this one is called in the server's list of clients. */
export type NatsBusOptions = ClusterOptions & { readonly peer: string };

export class NatsBus implements MeasuredBus {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #pace: NatsPace;
  readonly #options: NatsBusOptions;
  readonly #closing = new AbortController();
  readonly #waits: ReconnectWaits;
  readonly #listeners = new BusListeners('connecting');
  #problem: string | undefined;
  #link: Link | undefined;

  /** Begins to connect at once, and never throws for what it finds. */
  constructor({ clock, rng, pace = PACE }: NatsBusDeps, options: NatsBusOptions) {
    this.#clock = clock;
    this.#rng = rng;
    this.#pace = pace;
    this.#options = options;
    this.#waits = new ReconnectWaits(rng, pace);
    void this.#stayConnected();
  }

  get state(): BusState {
    return this.#listeners.state;
  }

  get traffic(): Traffic {
    return this.#listeners.traffic;
  }

  /** Why it is not connected, in words for people; undefined while it is, and before the first failure. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The bytes are the bus's from now on. */
  publish(subject: Subject, bytes: Uint8Array): void {
    const link = this.#link;
    this.#listeners.publish(bytes, () => (link === undefined ? 'disconnected' : link.publish(subject, bytes)));
  }

  subscribe(subject: Subject, run: (bytes: Uint8Array) => void): Unsubscribe {
    return this.#listeners.subscribe(subject, run);
  }

  onStateChange(run: (state: BusState) => void): Unsubscribe {
    return this.#listeners.onStateChange(run);
  }

  close(signal: AbortSignal): Promise<void> {
    this.#listeners.enter('closed');
    this.#closing.abort(new Error('the bus closes'));
    return this.#link?.close(signal) ?? Promise.resolve();
  }

  async #stayConnected(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#oneConnection(signal);
      } catch (error) {
        // Whatever it was, the answer is to try again; people are told the reason.
        if (!signal.aborted) this.#problem = reasonOf(error);
      }
      this.#link = undefined;
      this.#listeners.enter('connecting');
      // It rejects only when the bus closes, which the loop's condition sees.
      await this.#clock.sleep(this.#waits.nextMs(), signal).catch(() => undefined);
    }
  }

  /** From the knock to the loss. */
  async #oneConnection(signal: AbortSignal): Promise<void> {
    const server = await this.#findServer(signal);
    const connection = await connect(connectionOptions(server, this.#options, this.#pace)).catch((error: unknown) => {
      throw new Error(`${addressOf(server)}: ${reasonOf(error)}`, { cause: error });
    });
    if (signal.aborted) {
      await connection.close();
      return;
    }
    const link = new Link(connection, `leeward.${this.#options.name}`, this.#clock, this.#pace.heartbeatMs);
    this.#link = link;
    const ended = link.open((subject, bytes) => this.#listeners.hear(subject, bytes));
    await Promise.race([link.confirmed(), ended]);
    const startedAtMs = this.#clock.nowMs();
    if (!link.isOver && !signal.aborted) {
      this.#problem = undefined;
      this.#listeners.enter('connected');
    }
    const problem = await ended;
    this.#waits.held(this.#clock.nowMs() - startedAtMs);
    throw new Error(`${addressOf(server)}: ${problem}`);
  }

  /** The first server, in an order of chance, that greets. */
  async #findServer(signal: AbortSignal): Promise<ServerAddress> {
    const reasons: string[] = [];
    for (const server of shuffled(this.#options.nats.servers, this.#rng)) {
      try {
        await knock(server, this.#clock, this.#pace.connectMs, signal);
        return server;
      } catch (error) {
        signal.throwIfAborted();
        reasons.push(`${addressOf(server)}: ${reasonOf(error)}`);
      }
    }
    throw new Error(reasons.join('; '));
  }
}

/** One connection, from its login to its end. */
class Link {
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #heartbeatMs: number;
  #beat: Timer | undefined;
  #missedBeats = 0;
  #unconfirmedBytes = 0;
  #confirming: Promise<void> | undefined;
  #drained: Promise<void> | undefined;
  #problem = 'the server hung up';

  constructor(connection: NatsConnection, prefix: string, clock: Clock, heartbeatMs: number) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#heartbeatMs = heartbeatMs;
  }

  get isOver(): boolean {
    return this.#connection.isClosed();
  }

  /** Listens from now on. Resolves when the connection has ended, with the reason. */
  async open(hear: (subject: Subject, bytes: Uint8Array) => void): Promise<string> {
    this.#connection.subscribe(`${this.#prefix}.*`, {
      callback: (error, message) => {
        if (error !== null) {
          this.#end(reasonOf(error));
          return;
        }
        const subject = message.subject.slice(this.#prefix.length + 1);
        // A later version may have more subjects than this one knows.
        if (subject === 'digest' || subject === 'event' || subject === 'hello') hear(subject, message.data);
      },
    });
    void this.#watchErrors();
    this.#beat = this.#clock.after(this.#heartbeatMs, () => this.#onBeat());
    await this.#connection.closed();
    this.#beat.cancel();
    return this.#problem;
  }

  publish(subject: Subject, bytes: Uint8Array): DropReason | undefined {
    const { info } = this.#connection;
    if (info === undefined || this.#connection.isDraining()) return 'disconnected';
    if (bytes.byteLength > info.max_payload) return 'oversized';
    if (this.#unconfirmedBytes + bytes.byteLength > MAX_UNCONFIRMED_BYTES) return 'congested';
    this.#connection.publish(`${this.#prefix}.${subject}`, bytes);
    this.#unconfirmedBytes += bytes.byteLength;
    void this.confirmed();
    return undefined;
  }

  /** Resolves when the server has read all that was sent before; never, when the connection ends first. */
  confirmed(): Promise<void> {
    this.#confirming ??= this.#confirm();
    return this.#confirming;
  }

  async close(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) {
      // It rejects when the connection is lost meanwhile, and then there is nothing left to wait for.
      this.#drained ??= this.#connection.drain().catch(() => undefined);
      await settledOrAborted(this.#drained, signal);
    }
    await this.#connection.close();
  }

  async #confirm(): Promise<void> {
    const coveredBytes = this.#unconfirmedBytes;
    const answered = await this.#connection.flush().then(
      () => true,
      // The connection is lost, which `open` tells.
      () => false,
    );
    if (!answered) return new Promise(() => undefined);
    this.#missedBeats = 0;
    this.#unconfirmedBytes -= coveredBytes;
    this.#confirming = undefined;
    if (this.#unconfirmedBytes > 0) void this.confirmed();
    return undefined;
  }

  #onBeat(): void {
    if (this.#confirming === undefined) void this.confirmed();
    else if (++this.#missedBeats >= MAX_MISSED_BEATS) {
      this.#end('the server no longer answers');
      return;
    }
    this.#beat = this.#clock.after(this.#heartbeatMs, () => this.#onBeat());
  }

  /** A peer that may not speak or not hear is no peer: better to be without a connection, and to say so. */
  async #watchErrors(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type !== 'error') continue;
      this.#problem = reasonOf(status.error);
      if (status.error instanceof PermissionViolationError) this.#end(this.#problem);
    }
  }

  #end(problem: string): void {
    this.#problem = problem;
    void this.#connection.close();
  }
}

function connectionOptions(
  server: ServerAddress,
  { nats, peer }: NatsBusOptions,
  { connectMs }: NatsPace,
): NodeConnectionOptions {
  const authenticator = authenticatorFor(nats);
  const tls = tlsFor(server, nats);
  return {
    servers: [addressOf(server)],
    name: peer,
    noEcho: true,
    timeout: connectMs,
    reconnect: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function authenticatorFor({ credentials, user, password, nkeySeed }: NatsOptions): Authenticator | undefined {
  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (credentials !== undefined) return credsAuthenticator(bytesOf(credentials.reveal()));
  if (nkeySeed !== undefined) return nkeyAuthenticator(bytesOf(nkeySeed.reveal()));
  if (user !== undefined && password !== undefined) return usernamePasswordAuthenticator(user, password.reveal());
  return undefined;
}

/**
 * Demanded when the section is there or the address says so. The name that a certificate must have is the one that the
 * config has for the server; left to itself, the client would compare an IP address's certificate with `localhost`.
 */
function tlsFor(server: ServerAddress, { tls }: NatsOptions): NodeConnectionOptions['tls'] | undefined {
  if (tls === undefined && !server.tls) return undefined;
  const identity = {
    checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
      checkServerIdentity(server.hostname, certificate),
  };
  return {
    ...identity,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca.reveal() }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert.reveal() }),
    ...(tls?.key === undefined ? {} : { key: tls.key.reveal() }),
  };
}

function addressOf({ hostname, port }: ServerAddress): string {
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The client throws errors of many classes, and on some ways out nothing at all. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error && error.message !== '' ? error.message : 'the connection failed';
}

function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  return items
    .map((item) => ({ item, place: rng() }))
    .sort((left, right) => left.place - right.place)
    .map(({ item }) => item);
}

async function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', onAbort);
}
