/** A node of a storm as a peer of its cluster, wired as the gateway does it (services/gateway/src/cluster/join.ts). */
import { Membership, type MemoryNetwork, newPeerId } from '@leeward/cluster';
import { RETRY_BUDGET, type RetryBudget } from '@leeward/failover';
import type { Clock, Rng } from '@leeward/kernel';
import { type Fleet, fleetSide, keyIdOf } from '@leeward/upstream';

export interface PeerPlace {
  readonly network: MemoryNetwork;
  /** For names alone. */
  readonly rng: Rng;
}

export interface PeerSide {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly budget: RetryBudget;
  /** The one in use: reloads replace it. */
  readonly fleet: () => Fleet;
}

export class Peer {
  readonly id: string;
  readonly #membership: Membership;

  constructor({ clock, rng, budget, fleet }: PeerSide, place: PeerPlace, name: string) {
    this.id = newPeerId(name, place.rng);
    this.#membership = new Membership(
      {
        clock,
        rng,
        bus: place.network.join(this.id),
        local: {
          ...fleetSide(fleet),
          retries: () => budget.take(),
          shareRetries: (perSecond) => budget.share(perSecond),
        },
        retryFloorPerSecond: RETRY_BUDGET.perSecond,
      },
      this.id,
    );
    this.#membership.start();
  }

  tell(): void {
    this.#membership.tell();
  }

  drain(): void {
    this.#membership.drain();
  }

  mayProbe(provider: string, key: string): boolean {
    return this.#membership.mayProbe(keyIdOf(provider, key));
  }

  async leave(): Promise<void> {
    await this.#membership.stop(new AbortController().signal);
  }
}
