/**
 * A bus whose other peers are reached through a hub in another process. It is connected while the hub says so, which
 * means that the siblings hear; whether the hub's own bus to elsewhere is connected is the hub's to know and to tell.
 */
import { BusListeners } from './bus-listeners.ts';
import { BoundedPort, type HubWord, type Port } from './hub-port.ts';
import type { BusState, Subject, Unsubscribe } from '../shapes.ts';
import type { MeasuredBus, Traffic } from './traffic.ts';

export class HubBus implements MeasuredBus {
  readonly #port: BoundedPort;
  readonly #listeners = new BusListeners('connecting');

  constructor(port: Port) {
    this.#port = new BoundedPort(port);
  }

  get state(): BusState {
    return this.#listeners.state;
  }

  get traffic(): Traffic {
    return this.#listeners.traffic;
  }

  publish(subject: Subject, bytes: Uint8Array): void {
    const word = { kind: 'bus-message', subject, bytes } as const;
    this.#listeners.publish(bytes, () => (this.#port.post(word) ? undefined : 'congested'));
  }

  subscribe(subject: Subject, run: (bytes: Uint8Array) => void): Unsubscribe {
    return this.#listeners.subscribe(subject, run);
  }

  onStateChange(run: (state: BusState) => void): Unsubscribe {
    return this.#listeners.onStateChange(run);
  }

  /** What came from the hub. */
  hear(word: HubWord): void {
    switch (word.kind) {
      case 'bus-message':
        if (this.state !== 'closed') this.#listeners.hear(word.subject, word.bytes);
        return;
      case 'bus-open':
        this.#listeners.enter(word.isOpen ? 'connected' : 'connecting');
    }
  }

  close(signal: AbortSignal): Promise<void> {
    this.#listeners.enter('closed');
    return this.#port.emptied(signal);
  }
}
