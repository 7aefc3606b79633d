/**
 * The data port of a node of several workers: accepts connections and deals each to the worker that has the fewest, so
 * that long-lived ones are spread evenly, and a worker that has just begun is filled up first.
 *
 * A connection stays open here until its worker says that it has it. So none is lost with a worker that ends in between:
 * it is dealt again, not a byte of it read. A worker that does not take what it is dealt gets no more until it does, and
 * when there is no worker, connections wait. Of what goes through a connection nothing is seen here.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '@leeward/kernel';
import type { Address } from '../config/address.ts';
import type { TlsIdentity } from '../config/tls.ts';
import { listen } from '../http/server.ts';

/** Taking one is a matter of a millisecond; a worker that has not by then is busy with something else, or hangs. */
const STUCK_MS = 100;

/** Dealt and not yet taken, to one worker: more than come in the millisecond that taking needs. */
const MAX_UNTAKEN = 64;

/** A worker that connections are dealt to. */
export interface Seat {
  /** Hands it a copy of the socket. The answer is `taken`, or the seat's leaving. */
  deal(id: number, socket: Socket): void;
  /** The answer is `heard`, when it has taken what reached it up to this one. */
  ask(upTo: number): void;
}

interface Untaken {
  readonly socket: Socket;
  readonly dealtAtMs: number;
}

interface Place {
  readonly seat: Seat;
  readonly untaken: Map<number, Untaken>;
  /** Connections that it has, untaken ones included. */
  open: number;
  /** Until it is asked after what it has not taken. */
  asking: Timer | undefined;
}

interface DealerDeps {
  readonly clock: Clock;
  /** Connections that the node may have at once, over all workers. */
  readonly limit: () => number;
}

export class Dealer {
  readonly #deps: DealerDeps;
  readonly #server: Server;
  readonly #places = new Map<Seat, Place>();
  /** Accepted while nobody could take them; bounded by the limit, like all others. */
  readonly #waiting: Socket[] = [];
  #lastId = 0;
  #isClosed = false;

  constructor(deps: DealerDeps) {
    this.#deps = deps;
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Resolves to the address in use: with port 0 the system chose one. */
  listen(address: Address, tls?: TlsIdentity): Promise<string> {
    return listen(this.#server, address, tls);
  }

  /** Nobody new; who waits is let go. */
  close(): void {
    this.#isClosed = true;
    this.#server.close();
    this.#letGo();
  }

  /** Connections are dealt to it from now on. */
  join(seat: Seat): void {
    this.#places.set(seat, { seat, untaken: new Map(), open: 0, asking: undefined });
    this.#dealWaiting();
  }

  /** It has ended, or takes none any more: what it has not taken goes to others. */
  leave(seat: Seat): void {
    const place = this.#places.get(seat);
    if (place === undefined) return;
    this.#places.delete(seat);
    place.asking?.cancel();
    this.#waiting.unshift(...[...place.untaken.values()].map(({ socket }) => socket));
    if (this.#isClosed) this.#letGo();
    else this.#dealWaiting();
  }

  /** The worker has it, and this process's copy can go. */
  taken(seat: Seat, id: number): void {
    const place = this.#places.get(seat);
    place?.untaken.get(id)?.socket.destroy();
    place?.untaken.delete(id);
    this.#dealWaiting();
  }

  /**
   * All that reached it has been taken. What has not is lost: the system drops a socket on its way to a process that has
   * no file descriptor left, and tells nobody. It is dealt again.
   */
  heard(seat: Seat, upTo: number): void {
    const place = this.#places.get(seat);
    if (place === undefined) return;
    const lost = [...place.untaken].filter(([id]) => id <= upTo);
    for (const [id] of lost) place.untaken.delete(id);
    place.open -= lost.length;
    this.#waiting.unshift(...lost.map(([, { socket }]) => socket));
    if (place.untaken.size > 0) this.#askSoon(place);
    if (this.#isClosed) this.#letGo();
    else this.#dealWaiting();
  }

  /** One that it had taken has ended. */
  closed(seat: Seat): void {
    const place = this.#places.get(seat);
    if (place !== undefined) place.open--;
  }

  #letGo(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  #accept(socket: Socket): void {
    // A client that is gone shows when the worker reads.
    socket.on('error', () => undefined);
    if (this.#connections() >= this.#deps.limit()) {
      socket.destroy();
      return;
    }
    this.#waiting.push(socket);
    this.#dealWaiting();
  }

  #connections(): number {
    let sum = this.#waiting.length;
    for (const { open } of this.#places.values()) sum += open;
    return sum;
  }

  #dealWaiting(): void {
    for (let place = this.#emptiest(); place !== undefined; place = this.#emptiest()) {
      const socket = this.#waiting.shift();
      if (socket === undefined) return;
      const id = ++this.#lastId;
      place.untaken.set(id, { socket, dealtAtMs: this.#deps.clock.nowMs() });
      place.open++;
      place.seat.deal(id, socket);
      this.#askSoon(place);
    }
  }

  #askSoon(place: Place): void {
    place.asking ??= this.#deps.clock.after(STUCK_MS, () => {
      place.asking = undefined;
      if (place.untaken.size > 0) place.seat.ask(this.#lastId);
    });
  }

  #emptiest(): Place | undefined {
    let emptiest: Place | undefined;
    for (const place of this.#places.values()) {
      if (!this.#takes(place)) continue;
      if (emptiest === undefined || place.open < emptiest.open) emptiest = place;
    }
    return emptiest;
  }

  #takes({ untaken }: Place): boolean {
    // They are taken in the order in which they were dealt: the first is the oldest.
    const [oldest] = untaken.values();
    if (oldest === undefined) return true;
    return untaken.size < MAX_UNTAKEN && this.#deps.clock.nowMs() - oldest.dealtAtMs < STUCK_MS;
  }
}
