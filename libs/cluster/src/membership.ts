/**
 * A process as a peer of its cluster: says what it has seen, hears what the others have, and passes on to its own side
 * (`Local`) what follows of that. All of it happens beside the requests: nothing here is asked by one, and without a bus,
 * or without anybody on it, the process goes on with what it knows.
 *
 * Ten times a second quotas are shared anew, and what was heard since is looked at; what others act on at once (a wait, a
 * trip) passes within milliseconds in both directions.
 */
import type { Clock, Rng, Timer } from '@leeward/kernel';
import { Awareness } from './awareness.ts';
import { MAX_HEARD_WAIT_MS } from './holding.ts';
import type { Local } from './local.ts';
import { OwnQuotas } from './shares/own-quotas.ts';
import { OwnRetries } from './shares/own-retries.ts';
import { Ownership } from './ownership.ts';
import type { PeerState } from './peer.ts';
import { Peers } from './peers.ts';
import { Publisher } from './publisher.ts';
import type { Share } from './shares/quota-share.ts';
import { type Receipt, Receiver } from './receiver.ts';
import { RetryShare } from './shares/retry-share.ts';
import type { Said } from './shares/roll-call.ts';
import { type Bus, type Statement, UNPROBED, type WaitKey } from './shapes.ts';
import { Shares } from './shares/shares.ts';
import { clusterView } from './view.ts';

export interface MembershipDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly bus: Bus;
  readonly local: Local;
  /** Retries per second that the whole cluster may always make. */
  readonly retryFloorPerSecond: number;
  /** How long it took, after the bus was there again, until everyone on it had been heard in full. */
  readonly onConverged?: (tookMs: number) => void;
}

/** Shares follow the traffic within a digest's interval; ten looks a second cost less than a hundred requests. */
const TICK_MS = 100;

/** What a peer tells of one event comes in one message, and several tell of the same one. */
const NEWS_MS = 2;

/** Of this process's time looks take no more than that part, also while a large fleet tells of an outage one by one. */
const LOOKING_PART = 0.1;
/** Looks that their mean cost is of. */
const LOOKS_IN_MEAN = 8;
/** But whatever a look took, a wait that others order is obeyed within this. */
const MOST_NEWS_MS = 250;

/** What was heard is looked at again after so long though nothing came: evidence ages. */
const STALE_MS = 1000;

export class Membership {
  readonly id: string;
  readonly epoch: number;
  readonly #deps: MembershipDeps;
  readonly #awareness: Awareness;
  readonly #peers: Peers;
  readonly #publisher: Publisher;
  readonly #receiver: Receiver;
  readonly #shares: Shares;
  readonly #retryShare: RetryShare;
  readonly #quotas: OwnQuotas;
  readonly #retries: OwnRetries;
  /** Of keys that are put aside here: who else has said so, and has not taken it back. */
  readonly #companions = new Map<WaitKey, ReadonlySet<string>>();
  #draining = false;
  #tick: Timer | undefined;
  #news: Timer | undefined;
  #lookedAt = { version: -1, atMs: Number.NEGATIVE_INFINITY, tookMs: 0 };
  /** When the bus came, until everyone was heard in full. */
  #convergingSinceMs: number | undefined;
  #stopListening: (() => void) | undefined;

  constructor(deps: MembershipDeps, id: string) {
    const { clock, rng, bus } = deps;
    this.id = id;
    this.epoch = Math.floor(clock.wallMs());
    this.#deps = deps;
    this.#awareness = new Awareness({ clock, bus });
    this.#peers = new Peers({ clock, health: () => this.#awareness.health }, id);
    this.#shares = new Shares(clock);
    this.#retryShare = new RetryShare(clock);
    this.#quotas = new OwnQuotas(clock);
    this.#retries = new OwnRetries(clock);
    const others = () => this.#peers.size;
    const statement = () => this.#statement();
    this.#publisher = new Publisher({ clock, rng, bus, others, statement }, { peer: id, epoch: this.epoch });
    const { publisher, peers } = { publisher: this.#publisher, peers: this.#peers };
    this.#receiver = new Receiver({ clock, bus, peers, publisher, onNews: () => this.#lookSoon() });
  }

  start(): void {
    if (this.#tick !== undefined) return;
    this.#awareness.start();
    this.#receiver.start();
    this.#stopListening = this.#deps.bus.onStateChange((state) => {
      if (state === 'connected') this.#convergingSinceMs = this.#deps.clock.nowMs();
    });
    if (this.#deps.bus.state === 'connected') this.#convergingSinceMs = this.#deps.clock.nowMs();
    this.#onTick();
    this.#publisher.start();
  }

  /** Something happened here that the others act on. */
  tell(): void {
    this.#publisher.tell();
  }

  /** It takes no more requests: its part of the quotas is for the others. */
  drain(): void {
    this.#draining = true;
    this.tell();
  }

  /** It takes requests again. */
  undrain(): void {
    this.#draining = false;
    this.tell();
  }

  /** Says goodbye and lets go of the bus; the signal ends the waiting. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#news?.cancel();
    this.#news = undefined;
    this.#stopListening?.();
    this.#awareness.stop();
    this.#publisher.stop();
    this.#receiver.stop();
    await this.#deps.bus.close(signal);
  }

  get bus(): Bus {
    return this.#deps.bus;
  }

  get health(): number {
    return this.#awareness.health;
  }

  get intervalMs(): number {
    return this.#publisher.intervalMs;
  }

  get peers(): readonly PeerState[] {
    return this.#peers.live;
  }

  /** Messages since the start, by what became of them. */
  get received(): ReadonlyMap<Receipt, number> {
    return this.#receiver.counts;
  }

  /** What this peer may use of a quota. */
  shareOf(quota: string): Share {
    return this.#shares.of(quota);
  }

  /** Retries that this peer may make in a second. */
  get retriesPerSecond(): number | undefined {
    return this.#retryShare.perSecond;
  }

  /**
   * Whether this peer is the one to ask with a key again: of those that have put it aside, because who has not does not
   * know when, and would let many requests through at once. Who is gone, drains, or has nobody to probe it with is not
   * among them, and then the next on the ring is the one. On the ring all stand in one order, so that of those who see
   * different peers, too, the first always asks.
   */
  mayProbe(key: WaitKey): boolean {
    const ring = new Ownership(this.id);
    ring.setPeers(this.#whoWaitFor(key).map(({ id }) => id));
    return ring.owns(key);
  }

  #whoWaitFor(key: WaitKey): readonly PeerState[] {
    const nowMs = this.#deps.clock.nowMs();
    return this.#peers.live.filter((peer) => {
      const heard = peer.waits.get(key);
      if (heard === undefined || peer.draining) return false;
      return Math.min(heard.value.forMs, MAX_HEARD_WAIT_MS) > nowMs - heard.atMs;
    });
  }

  #statement(): Statement {
    return {
      health: this.#awareness.health,
      draining: this.#draining,
      ...this.#deps.local.evidence(),
      quotas: this.#quotas.uses,
      retries: this.#retries.use,
    };
  }

  #onTick(): void {
    this.#tick = this.#deps.clock.after(TICK_MS, () => this.#onTick());
    this.#quotas.update(this.#deps.local.quotas());
    this.#retries.update(this.#deps.local.retries());
    this.#shareQuotas();
    this.#shareRetries();
    this.#look();
    this.#noteConvergence();
  }

  #shareQuotas(): void {
    const { bus, local } = this.#deps;
    const quotas = this.#saidOfQuotas();
    const heardAtMs = [...quotas.values()].reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
    const self = { id: this.id, epoch: this.epoch, heardAtMs, draining: this.#draining, quotas };
    const { limits } = this.#quotas;
    const { live: others } = this.#peers;
    this.#shares.refresh({ limits, self, others, intervalMs: this.intervalMs, bus: bus.state });
    local.share((quota) => ({ share: this.#shares.of(quota), others: this.#shares.othersUse(quota) }));
  }

  /** What the others know of this peer's use, so that all divide the same; and where nobody is told, what there is. */
  #saidOfQuotas(): ReadonlyMap<string, Said> {
    const { bus, clock } = this.#deps;
    if (bus.state === 'connected') return this.#publisher.toldQuotas;
    const atMs = clock.nowMs();
    return new Map(Object.entries(this.#quotas.uses).map(([id, value]) => [id, { value, atMs }]));
  }

  #shareRetries(): void {
    const others = this.#peers.live.map(({ retries }) => retries);
    const floorPerSecond = this.#deps.retryFloorPerSecond;
    this.#retryShare.refresh({ self: this.#retries.use, others, floorPerSecond, intervalMs: this.intervalMs });
    const { perSecond } = this.#retryShare;
    if (perSecond !== undefined) this.#deps.local.shareRetries(perSecond);
  }

  #lookSoon(): void {
    const delayMs = Math.min(MOST_NEWS_MS, Math.max(NEWS_MS, this.#lookedAt.tookMs / LOOKING_PART));
    this.#news ??= this.#deps.clock.after(delayMs, () => {
      this.#news = undefined;
      if (this.#tick !== undefined) this.#look({ atOnce: true });
    });
  }

  /** The larger the fleet, the more there is to look at, and the slower its digests come. */
  #look({ atOnce = false } = {}): void {
    const nowMs = this.#deps.clock.nowMs();
    const { live, version } = this.#peers;
    const sinceMs = nowMs - this.#lookedAt.atMs;
    const isDue = sinceMs >= STALE_MS || (version !== this.#lookedAt.version && sinceMs >= this.intervalMs);
    if (!atOnce && !isDue) return;
    // Before what may throw, so that it does so no more often than looks are due.
    this.#lookedAt = { ...this.#lookedAt, version, atMs: nowMs };
    const { clock, local } = this.#deps;
    local.hear(clusterView(live, local.places(), { self: this.id, nowMs }));
    this.#followCompanions();
    // A mean, because one look in many meets a pause of the process that is none of its cost.
    const { tookMs } = this.#lookedAt;
    this.#lookedAt = { ...this.#lookedAt, tookMs: tookMs + (clock.nowMs() - nowMs - tookMs) / LOOKS_IN_MEAN };
  }

  /**
   * Of the keys that wait here: a peer that takes its word back has found it well. One that fell silent has not, nor one
   * that says it has nobody to probe it with.
   */
  #followCompanions(): void {
    const { waits } = this.#deps.local.evidence();
    const { live } = this.#peers;
    for (const key of this.#companions.keys()) if (!Object.hasOwn(waits, key)) this.#companions.delete(key);
    for (const key of Object.keys(waits).filter(isKeyWait)) {
      const before = this.#companions.get(key);
      const stays = (peer: PeerState) => {
        const said = peer.waits.get(key)?.value;
        return said !== undefined && (said.forMs > 0 || said.reason === UNPROBED);
      };
      this.#companions.set(key, new Set(live.filter(stays).map(({ id }) => id)));
      if (live.some((peer) => before?.has(peer.id) === true && !peer.draining && !stays(peer))) {
        this.#deps.local.probeSoon(key);
      }
    }
  }

  #noteConvergence(): void {
    if (this.#convergingSinceMs === undefined || this.#deps.bus.state !== 'connected') return;
    const { live } = this.#peers;
    const sinceMs = this.#convergingSinceMs;
    const isWhole =
      live.length > 0 && this.#peers.lacking.length === 0 && live.every((one) => one.heardAtMs >= sinceMs);
    if (!isWhole) return;
    const lastMs = live.reduce((latest, { heardAtMs }) => Math.max(latest, heardAtMs), sinceMs);
    this.#convergingSinceMs = undefined;
    this.#deps.onConverged?.(lastMs - sinceMs);
  }
}

function isKeyWait(key: string): key is WaitKey {
  return key.startsWith('key:');
}
