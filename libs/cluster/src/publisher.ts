/**
 * When this peer says what. On a short interval, which grows with the fleet, what has changed; at once, what others act
 * on (a trip, a wait, a drain); and all of it now and then, when somebody asks, and when the bus is back. The more
 * there is to say, the more choosy it becomes (`pace.ts`): what is left out comes later, and what is lost comes with
 * the next full message.
 *
 * Without a bus nothing is sent and nothing kept: what is old by the time of the connection would only mislead.
 */
import type { Clock, Rng, Timer } from '@leeward/kernel';
import { encode, encodeHello, type Hello } from './codec.ts';
import { isPeerId } from './message-schema.ts';
import { Pace } from './pace.ts';
import {
  type Bus,
  MAX_MESSAGE_BYTES,
  type QuotaUse,
  type Statement,
  type Subject,
  type Unsubscribe,
} from './shapes.ts';
import { halves, sizeOf, withinBound } from './statements.ts';
import { LastTold, type Told } from './told.ts';

/** What happens at once, a key that trips all its targets for instance, becomes one message. */
const GATHER_MS = 5;

/** A fifth around the interval, so that peers that started together do not go on sending together. */
const JITTER = 0.2;

/** Nor all that they have at the same time: a fleet that came back to its bus together would go on so for minutes. */
const FULL_JITTER = 0.5;

/** An entry and its share of the words, before any was measured. */
const NAIVE_ENTRY_BYTES = 60;
const FRAME_BYTES = 150;

/** Questions are answered once in a while, however many ask. */
const LEAST_ANSWER_INTERVAL_MS = 1000;

/** A whole fleet that answers a joiner does so one after the other. */
const ANSWER_SPREAD_PER_PEER_MS = 20;
const MOST_ANSWER_SPREAD_MS = 2000;

/** Events and answers to a joiner may use up the next seconds' traffic; answers to one who lost a message, less of it. */
const MOST_DEBT_MS = 10_000;
const MOST_DEBT_FOR_GAP_MS = 2000;

export interface PublisherDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly bus: Bus;
  /** How many other peers there are, as far as is known. */
  readonly others: () => number;
  /** What this peer has to say now: of itself and of what it has seen, never what it heard from others. */
  readonly statement: () => Statement;
}

export interface Identity {
  readonly peer: string;
  readonly epoch: number;
}

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #self: Identity;
  readonly #pace: Pace;
  readonly #told = new LastTold();
  #seq = 0;
  #entryBytes = NAIVE_ENTRY_BYTES;
  #fullSentAtMs = Number.NEGATIVE_INFINITY;
  #nextFullAtMs = Number.NEGATIVE_INFINITY;
  #asked: 'no' | 'for-a-gap' | 'by-a-joiner' = 'no';
  #interval: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #gathering: Timer | undefined;
  #unsubscribe: Unsubscribe | undefined;

  constructor(deps: PublisherDeps, self: Identity) {
    if (!isPeerId(self.peer)) throw new RangeError(`${self.peer} is no id for a peer`);
    this.#deps = deps;
    this.#self = self;
    this.#pace = new Pace(deps.clock, deps.others);
  }

  get intervalMs(): number {
    return this.#pace.intervalMs;
  }

  /** Its use of quotas as the others know it, which is not always the newest: by this, shares add up. */
  get toldQuotas(): ReadonlyMap<string, Told<QuotaUse>> {
    return this.#told.quotas;
  }

  start(): void {
    if (this.#unsubscribe !== undefined) return;
    this.#unsubscribe = this.#deps.bus.onStateChange((state) => {
      if (state === 'connected') this.#join();
    });
    if (this.#deps.bus.state === 'connected') this.#join();
    else this.#schedule(this.#pace.intervalMs);
  }

  /** Says what is news, now and not with the next interval. */
  tell(): void {
    if (this.#unsubscribe === undefined) return;
    this.#gathering ??= this.#deps.clock.after(GATHER_MS, () => {
      this.#gathering = undefined;
      this.#tellNews();
    });
  }

  /** Asks some peers, or all, for all that they have. */
  ask(of?: readonly string[]): void {
    if (!this.#isConnected) return;
    const bytes = encodeHello({ peer: this.#self.peer, of });
    this.#deps.bus.publish('hello', bytes);
    this.#pace.spent(bytes.byteLength);
  }

  /** Somebody has asked. */
  answer({ peer, of }: Hello): void {
    if (peer === this.#self.peer || this.#unsubscribe === undefined) return;
    if (of === undefined) {
      this.#asked = 'by-a-joiner';
      this.#hasten();
    } else if (of.includes(this.#self.peer) && this.#asked === 'no') this.#asked = 'for-a-gap';
  }

  /** Says goodbye: no targets and no demand any more, but the waits, which are as true as before. */
  stop(): void {
    if (this.#unsubscribe === undefined) return;
    this.#unsubscribe();
    this.#unsubscribe = undefined;
    this.#interval?.timer.cancel();
    this.#interval = undefined;
    this.#gathering?.cancel();
    this.#gathering = undefined;
    if (!this.#isConnected) return;
    this.#sendAll({ ...this.#deps.statement(), draining: true, targets: {}, quotas: {} }, 'event');
  }

  get #isConnected(): boolean {
    return this.#deps.bus.state === 'connected';
  }

  #join(): void {
    this.ask();
    this.#nextFullAtMs = Number.NEGATIVE_INFINITY;
    this.#schedule(this.#deps.rng() * this.#answerSpreadMs);
  }

  #hasten(): void {
    const soonMs = this.#deps.rng() * this.#answerSpreadMs;
    const allowedMs = this.#fullSentAtMs + LEAST_ANSWER_INTERVAL_MS - this.#deps.clock.nowMs();
    const delayMs = Math.max(soonMs, allowedMs);
    if (this.#interval === undefined || this.#interval.dueMs > this.#deps.clock.nowMs() + delayMs) {
      this.#schedule(delayMs);
    }
  }

  get #answerSpreadMs(): number {
    return Math.min(MOST_ANSWER_SPREAD_MS, this.#deps.others() * ANSWER_SPREAD_PER_PEER_MS);
  }

  #schedule(delayMs: number): void {
    this.#interval?.timer.cancel();
    const timer = this.#deps.clock.after(delayMs, () => {
      // First the next one, so that a fault in what is called here cannot end them all.
      this.#schedule(this.#pace.intervalMs * (1 + JITTER * (this.#deps.rng() - 0.5)));
      if (this.#isConnected) this.#tellChanges();
    });
    this.#interval = { timer, dueMs: this.#deps.clock.nowMs() + delayMs };
  }

  #tellNews(): void {
    if (!this.#isConnected || this.#pace.debtMs > MOST_DEBT_MS) return;
    const nowMs = this.#deps.clock.nowMs();
    const news = this.#told.news(withinBound(this.#deps.statement()), nowMs);
    if (news === undefined) return;
    this.#send(news, 'event', { full: false });
    this.#told.told(news, nowMs);
  }

  #tellChanges(): void {
    const nowMs = this.#deps.clock.nowMs();
    const statement = withinBound(this.#deps.statement());
    if (this.#told.hasGone(statement) && this.#asked === 'no') this.#asked = 'for-a-gap';
    // What happened while this was due goes with it, and is then to be looked at as soon as by itself.
    const subject = this.#told.news(statement, nowMs) === undefined ? 'digest' : 'event';
    if (this.#isFullDue(nowMs)) {
      this.#sendAll(statement, subject);
      return;
    }
    const most = Math.floor((this.#pace.affordableBytes - FRAME_BYTES) / this.#entryBytes);
    const changes = this.#told.changes(statement, nowMs, Math.max(0, most));
    this.#send(changes, subject, { full: false });
    this.#told.told(changes, nowMs);
  }

  #isFullDue(nowMs: number): boolean {
    if (nowMs >= this.#nextFullAtMs) return true;
    if (nowMs < this.#fullSentAtMs + LEAST_ANSWER_INTERVAL_MS) return false;
    switch (this.#asked) {
      case 'no':
        return false;
      case 'for-a-gap':
        return this.#pace.debtMs < MOST_DEBT_FOR_GAP_MS;
      case 'by-a-joiner':
        return this.#pace.debtMs < MOST_DEBT_MS;
    }
  }

  #sendAll(statement: Statement, subject: Subject): void {
    const nowMs = this.#deps.clock.nowMs();
    const sizeBytes = this.#send(statement, subject, { full: true });
    this.#told.toldAll(statement, nowMs);
    this.#asked = 'no';
    this.#fullSentAtMs = nowMs;
    const apart = 1 + FULL_JITTER * (this.#deps.rng() - 0.5);
    this.#nextFullAtMs = nowMs + this.#pace.fullIntervalMs(sizeBytes) * apart;
  }

  /** What is too large for one message becomes several: only the first one replaces what others know. */
  #send(statement: Statement, subject: Subject, { full }: { readonly full: boolean }): number {
    const bytes = encode({ ...this.#self, seq: this.#seq, full, ...statement });
    const entries = sizeOf(statement);
    if (bytes.byteLength > MAX_MESSAGE_BYTES && entries > 1) {
      const [first, second] = halves(statement);
      return this.#send(first, subject, { full }) + this.#send(second, subject, { full: false });
    }
    this.#seq++;
    this.#deps.bus.publish(subject, bytes);
    this.#pace.spent(bytes.byteLength);
    // A running mean of the last handful: the words of a small message make its entries larger.
    if (entries > 0) this.#entryBytes += ((bytes.byteLength - FRAME_BYTES) / entries - this.#entryBytes) / 5;
    return bytes.byteLength;
  }
}
