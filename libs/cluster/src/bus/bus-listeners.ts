/**
 * What every bus has on its own side: its state, those who listen to it, what it does not even try to send, and the count
 * of what came and went.
 */
import { Listeners } from './listeners.ts';
import { type BusState, MAX_MESSAGE_BYTES, type Subject, type Unsubscribe } from '../shapes.ts';
import { type DropReason, TrafficCount } from './traffic.ts';

export class BusListeners {
  readonly traffic = new TrafficCount();
  readonly #onState = new Listeners<BusState>();
  readonly #onSubject: Readonly<Record<Subject, Listeners<Uint8Array>>> = {
    digest: new Listeners(),
    event: new Listeners(),
    hello: new Listeners(),
  };
  #state: BusState;

  constructor(state: BusState) {
    this.#state = state;
  }

  get state(): BusState {
    return this.#state;
  }

  subscribe(subject: Subject, run: (bytes: Uint8Array) => void): Unsubscribe {
    return this.#onSubject[subject].add(run);
  }

  onStateChange(run: (state: BusState) => void): Unsubscribe {
    return this.#onState.add(run);
  }

  /** @param send the bus's own way of sending, which may drop for reasons of its own */
  publish(bytes: Uint8Array, send: () => DropReason | undefined): void {
    this.traffic.count(bytes, this.#refusal(bytes) ?? send());
  }

  hear(subject: Subject, bytes: Uint8Array): void {
    this.traffic.received(bytes);
    this.#onSubject[subject].tell(bytes);
  }

  /** Closed is the last state, and the last that anybody is told. */
  enter(state: BusState): void {
    if (state === this.#state || this.#state === 'closed') return;
    this.#state = state;
    if (state === 'closed') for (const listeners of Object.values(this.#onSubject)) listeners.clear();
    this.#onState.tell(state);
    if (state === 'closed') this.#onState.clear();
  }

  #refusal(bytes: Uint8Array): DropReason | undefined {
    if (this.#state !== 'connected') return 'disconnected';
    return bytes.byteLength > MAX_MESSAGE_BYTES ? 'oversized' : undefined;
  }
}
