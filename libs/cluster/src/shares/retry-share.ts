/**
 * The fleet's retry budget: each exchange pays in a part of a retry wherever it runs, and the sum is divided by demand.
 * A peer whose upstreams fail may use what the others do not need, and all of them together repeat no more than the
 * whole fleet's traffic allows; a budget of its own for each would let the quiet ones' go unused.
 *
 * What a peer would retry if it could is not told, so a peer is taken to want somewhat more than it spends: one that is
 * at its share grows from digest to digest, and one that is not leaves it. Who is out of reach is left out with what it
 * earned, so that both sides of a cut divide only their own.
 */
import type { Clock } from '@leeward/kernel';
import { LateRaise, raiseHoldMs } from './late-raise.ts';
import type { RetryUse } from '../shapes.ts';
import { fill } from './water-filling.ts';

/** Doubling reaches any share within a few digests, and leaves as much again for the next to ask. */
const GROWTH = 2;

/** A peer that retries nothing may begin with one in a second. */
const FLOOR_PER_SECOND = 1;

export interface RetryRefresh {
  /** What this peer last told of itself. */
  readonly self: RetryUse;
  /** Those that are within reach. */
  readonly others: Iterable<RetryUse>;
  /** Retries per second that the fleet may always make. */
  readonly floorPerSecond: number;
  /** How often peers tell. */
  readonly intervalMs: number;
}

export class RetryShare {
  readonly #clock: Clock;
  readonly #late = new LateRaise();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  refresh({ self, others, floorPerSecond, intervalMs }: RetryRefresh): void {
    let amount = floorPerSecond + self.earnedPerSecond;
    const demands = [demandOf(self)];
    for (const other of others) {
      amount += other.earnedPerSecond;
      demands.push(demandOf(other));
    }
    this.#late.set(fill(amount, demands)[0] ?? 0, this.#clock.nowMs(), raiseHoldMs(intervalMs));
  }

  /** Retries that this peer may make; undefined before the first refresh. */
  get perSecond(): number | undefined {
    return this.#late.value;
  }
}

function demandOf({ spentPerSecond }: RetryUse): number {
  return FLOOR_PER_SECOND + GROWTH * spentPerSecond;
}
