/** What every bus has on its own side: its state, those who listen to it, and the count of what came and went. */
import { Listeners } from './listeners.ts';
import type { BusState, Subject, Unsubscribe } from './shapes.ts';
import { TrafficCount } from './traffic.ts';

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
}
