/**
 * What comes in: each message is read, checked, merged, or counted by the reason why not. A peer of whom a message is
 * missing is asked for all that it has, after a moment in which a late one may still come.
 */
import type { Clock, Timer } from '@leeward/kernel';
import { decode, decodeHello, type Hello, type Refusal } from './codec.ts';
import { MAX_ASKED } from './message-schema.ts';
import type { Merged, Peers } from './peers.ts';
import type { Bus, Subject, Unsubscribe } from './shapes.ts';

/** Longer than messages overtake each other by. */
const LATE_MS = 300;

/** Nobody is asked again before it could have answered. */
const ASK_AGAIN_MS = 3000;

/** What became of a message: `merged` changed something, `known` said nothing new, `asked` was a question. */
export type Receipt = Merged | Refusal | 'asked';

export interface ReceiverDeps {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly peers: Peers;
  readonly publisher: { ask(of?: readonly string[]): void; answer(hello: Hello): void };
  /** A peer said something that others act on. */
  readonly onNews: () => void;
}

export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #counts = new Map<Receipt, number>();
  readonly #askedAtMs = new Map<string, number>();
  #unsubscribe: readonly Unsubscribe[] = [];
  #asking: Timer | undefined;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
  }

  /** Messages since the start, by what became of them. */
  get counts(): ReadonlyMap<Receipt, number> {
    return this.#counts;
  }

  start(): void {
    if (this.#unsubscribe.length > 0) return;
    this.#unsubscribe = [
      ...(['digest', 'event'] as const).map((subject) =>
        this.#deps.bus.subscribe(subject, (bytes) => this.#receive(subject, bytes)),
      ),
      this.#deps.bus.subscribe('hello', (bytes) => this.#receiveHello(bytes)),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    this.#asking?.cancel();
    this.#asking = undefined;
  }

  #receive(subject: Subject, bytes: Uint8Array): void {
    const read = decode(bytes);
    if (read.kind === 'refused') {
      this.#count(read.reason);
      return;
    }
    const isFirst = !this.#deps.peers.knows(read.value.peer);
    const merged = this.#deps.peers.merge(read.value);
    this.#count(merged);
    if (merged !== 'merged') return;
    if (this.#deps.peers.lacks(read.value.peer)) this.#askSoon();
    // Who has just started gets requests at once, and knows nothing but what it is told.
    if (subject === 'event' || isFirst) this.#deps.onNews();
  }

  #receiveHello(bytes: Uint8Array): void {
    const read = decodeHello(bytes);
    this.#count(read.kind === 'refused' ? read.reason : 'asked');
    if (read.kind === 'read') this.#deps.publisher.answer(read.value);
  }

  #askSoon(): void {
    this.#asking ??= this.#deps.clock.after(LATE_MS, () => {
      this.#asking = undefined;
      this.#ask();
    });
  }

  #ask(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const [peer, atMs] of this.#askedAtMs) if (nowMs - atMs >= ASK_AGAIN_MS) this.#askedAtMs.delete(peer);
    const lacking = this.#deps.peers.lacking.filter((peer) => !this.#askedAtMs.has(peer)).slice(0, MAX_ASKED);
    if (lacking.length === 0) return;
    for (const peer of lacking) this.#askedAtMs.set(peer, nowMs);
    this.#deps.publisher.ask(lacking);
  }

  #count(receipt: Receipt): void {
    this.#counts.set(receipt, (this.#counts.get(receipt) ?? 0) + 1);
  }
}
