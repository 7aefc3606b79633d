/**
 * A bus inside one process, for tests and simulations: as many peers as are wanted, on any clock, with the faults of a
 * real network drawn from an Rng, so that the same seed gives the same storm.
 *
 * It keeps what NATS core keeps and nothing more: a message reaches those who are connected when it arrives, once, in
 * the order of its sender, and never the sender itself; nothing is stored for who is away. Faults break exactly that:
 * loss, duplicates, delays, reordering, partitions (in one direction, too), and peers without a connection.
 *
 * Arrivals are rounded up to whole milliseconds and share one timer, so that a hundred peers cost the clock a thousand
 * firings a second and not one for each message and receiver.
 */
import type { Clock, Rng, Timer } from '@leeward/kernel';
import { BusListeners } from './bus-listeners.ts';
import type { BusState, Subject, Unsubscribe } from '../shapes.ts';
import type { MeasuredBus, Traffic } from './traffic.ts';

export interface Faults {
  /** 0 to 1: of the messages to one peer, how many never arrive. */
  readonly lossShare: number;
  /** 0 to 1: how many arrive twice. */
  readonly duplicateShare: number;
  /** 0 to 1: how many are overtaken by later ones of the same sender, by up to `maxDelayMs`. */
  readonly reorderShare: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

const NO_FAULTS: Faults = { lossShare: 0, duplicateShare: 0, reorderShare: 0, minDelayMs: 0, maxDelayMs: 0 };

/** What is on its way at once, in all; a simulation that needs more has stopped taking messages off. */
const MAX_UNDERWAY = 500_000;

interface Delivery {
  readonly from: MemoryBus;
  readonly to: MemoryBus;
  /** The receiver's connection at the sending; another one by now has missed this. */
  readonly connection: number;
  readonly subject: Subject;
  readonly bytes: Uint8Array;
}

export interface MemoryNetworkDeps {
  readonly clock: Clock;
  readonly rng: Rng;
}

export class MemoryNetwork {
  /** May be exchanged at any time; messages under way keep the fate that was drawn for them. */
  faults: Faults;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #peers = new Map<string, MemoryBus>();
  readonly #underway = new Map<number, Delivery[]>();
  #reaches: (from: string, to: string) => boolean = () => true;
  #isDown = false;
  #count = 0;
  #timer: { readonly dueMs: number; readonly timer: Timer } | undefined;

  constructor({ clock, rng }: MemoryNetworkDeps, faults: Partial<Faults> = {}) {
    this.#clock = clock;
    this.#rng = rng;
    this.faults = { ...NO_FAULTS, ...faults };
  }

  /** Another peer's bus, connected unless the network is down. A name is free again when its bus has closed. */
  join(name: string): MemoryBus {
    if (this.#peers.has(name)) throw new RangeError(`${name} is on this network already`);
    const bus = new MemoryBus(name, this, this.#isDown ? 'connecting' : 'connected');
    this.#peers.set(name, bus);
    return bus;
  }

  /** Only peers of the same group reach each other; one that is in none reaches nobody. */
  partition(groups: readonly (readonly string[])[]): void {
    const groupOf = new Map(groups.flatMap((names, group) => names.map((name) => [name, group] as const)));
    this.restrict((from, to) => groupOf.has(from) && groupOf.get(from) === groupOf.get(to));
  }

  /** Any other shape of a broken network: a message passes where this says so at its sending and at its arrival. */
  restrict(reaches: (from: string, to: string) => boolean): void {
    this.#reaches = reaches;
  }

  heal(): void {
    this.#reaches = () => true;
  }

  /** As when the server is gone: every peer loses its connection, and whoever joins finds none. */
  goDown(): void {
    this.#isDown = true;
    for (const bus of this.#peers.values()) bus.disconnect();
  }

  comeUp(): void {
    this.#isDown = false;
    for (const bus of this.#peers.values()) bus.reconnect();
  }

  /** How many messages are on their way. */
  get underway(): number {
    return this.#count;
  }

  /** For the buses of this network alone. */
  leave(name: string): void {
    this.#peers.delete(name);
    for (const bus of this.#peers.values()) bus.lastArrivalMs.delete(name);
  }

  /** For the buses of this network alone. Answers whether there was room for it. */
  spread(from: MemoryBus, subject: Subject, bytes: Uint8Array): boolean {
    if (this.#count + this.#peers.size > MAX_UNDERWAY) return false;
    // The sender may write over its buffer as soon as this returns.
    const kept = new Uint8Array(bytes);
    for (const to of this.#peers.values()) {
      if (to === from || to.state !== 'connected' || !this.#reaches(from.name, to.name)) continue;
      if (this.#happens(this.faults.lossShare)) continue;
      const copies = this.#happens(this.faults.duplicateShare) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        this.#send({ from, to, connection: to.connection, subject, bytes: kept });
      }
    }
    return true;
  }

  #send(delivery: Delivery): void {
    const { minDelayMs, maxDelayMs, reorderShare } = this.faults;
    const delayMs = minDelayMs + this.#draw(maxDelayMs - minDelayMs);
    let dueMs = Math.ceil(this.#clock.nowMs() + delayMs);
    if (this.#happens(reorderShare)) {
      dueMs = Math.ceil(dueMs + this.#draw(maxDelayMs));
    } else {
      const { from, to } = delivery;
      dueMs = Math.max(dueMs, to.lastArrivalMs.get(from.name) ?? 0);
      to.lastArrivalMs.set(from.name, dueMs);
    }
    const sameMoment = this.#underway.get(dueMs);
    if (sameMoment === undefined) this.#underway.set(dueMs, [delivery]);
    else sameMoment.push(delivery);
    this.#count++;
    this.#wakeAt(dueMs);
  }

  /** Draws nothing for what cannot happen, so that a fault that is off does not change the fate of the others. */
  #happens(share: number): boolean {
    return share > 0 && this.#rng() < share;
  }

  #draw(spanMs: number): number {
    return spanMs > 0 ? this.#rng() * spanMs : 0;
  }

  #wakeAt(dueMs: number): void {
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) return;
    this.#timer?.timer.cancel();
    const timer = this.#clock.after(dueMs - this.#clock.nowMs(), () => this.#deliver());
    this.#timer = { dueMs, timer };
  }

  #deliver(): void {
    // A real clock's timer may fire a fraction of a millisecond early; what was due at its firing is due.
    const nowMs = Math.max(this.#clock.nowMs(), this.#timer?.dueMs ?? 0);
    this.#timer = undefined;
    const due = [...this.#underway.keys()].filter((dueMs) => dueMs <= nowMs).sort((left, right) => left - right);
    for (const dueMs of due) {
      const deliveries = this.#underway.get(dueMs) ?? [];
      this.#underway.delete(dueMs);
      this.#count -= deliveries.length;
      for (const delivery of deliveries) this.#arrive(delivery);
    }
    let nextMs = Number.POSITIVE_INFINITY;
    for (const dueMs of this.#underway.keys()) nextMs = Math.min(nextMs, dueMs);
    if (nextMs !== Number.POSITIVE_INFINITY) this.#wakeAt(nextMs);
  }

  #arrive({ from, to, connection, subject, bytes }: Delivery): void {
    if (to.connection !== connection || !this.#reaches(from.name, to.name)) return;
    to.hear(subject, bytes);
  }
}

export class MemoryBus implements MeasuredBus {
  readonly name: string;
  /** For the network alone: when the last message of each sender arrives, which later ones do not overtake. */
  readonly lastArrivalMs = new Map<string, number>();
  /** For the network alone: counts connections; what was sent to an earlier one is lost. */
  connection = 0;
  readonly #network: MemoryNetwork;
  readonly #listeners: BusListeners;

  constructor(name: string, network: MemoryNetwork, state: BusState) {
    this.name = name;
    this.#network = network;
    this.#listeners = new BusListeners(state);
  }

  get state(): BusState {
    return this.#listeners.state;
  }

  get traffic(): Traffic {
    return this.#listeners.traffic;
  }

  publish(subject: Subject, bytes: Uint8Array): void {
    this.#listeners.publish(bytes, () => (this.#network.spread(this, subject, bytes) ? undefined : 'congested'));
  }

  subscribe(subject: Subject, run: (bytes: Uint8Array) => void): Unsubscribe {
    return this.#listeners.subscribe(subject, run);
  }

  onStateChange(run: (state: BusState) => void): Unsubscribe {
    return this.#listeners.onStateChange(run);
  }

  /** What was published is on its way already, so there is nothing to wait for. */
  close(_signal: AbortSignal): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.connection++;
    this.#network.leave(this.name);
    this.#listeners.enter('closed');
    return Promise.resolve();
  }

  /** This peer alone loses its connection, and with it what is on its way here. */
  disconnect(): void {
    if (this.state !== 'connected') return;
    this.connection++;
    this.#listeners.enter('connecting');
  }

  reconnect(): void {
    if (this.state === 'connecting') this.#listeners.enter('connected');
  }

  /** For the network alone. */
  hear(subject: Subject, bytes: Uint8Array): void {
    this.#listeners.hear(subject, bytes);
  }
}
