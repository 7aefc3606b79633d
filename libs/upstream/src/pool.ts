import type { Clock } from '@leeward/kernel';
import type { PoolMeans } from './experience.ts';
import { NAIVE_FIRST_MS } from './first-token-time.ts';
import type { Ask } from './lease.ts';
import type { Target } from './target.ts';

/** The targets of one priority. */
export type Pool = readonly Member[];

/**
 * A target's place in one pool: the weight is the operator's, of the key and of the pool's entry together, and may
 * differ from pool to pool. Satisfies the balancer's Candidate.
 */
export class Member {
  readonly target: Target;
  readonly weight: number;
  readonly #siblings: Siblings;

  constructor(target: Target, weight: number, siblings: Siblings) {
    this.target = target;
    this.weight = weight;
    this.#siblings = siblings;
  }

  get id(): string {
    return this.target.id;
  }

  get available(): boolean {
    return this.target.available;
  }

  get inFlight(): number {
    return this.target.inFlight;
  }

  /** An exchange wants one of this member's pool, whichever it gets. */
  wanted(ask: Ask): void {
    this.#siblings.wanted(ask);
  }

  /** In milliseconds, more or less: what a first token is to cost here, all things considered. */
  get load(): number {
    const nowMs = this.#siblings.look();
    return this.target.loadAmong(nowMs, this.#siblings, this.weight);
  }
}

/** What exchanges wanted of a pool, granted or not. */
export interface Wanted {
  readonly exchanges: number;
  readonly promptTokens: number;
  readonly promptSquares: number;
}

/** Fine enough to follow the traffic, coarse enough that a pick among hundreds does not pay for it. */
const FRESH_MS = 100;

export class Siblings implements PoolMeans {
  readonly #clock: Clock;
  #members: readonly Member[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  firstTokenMs = NAIVE_FIRST_MS;
  inFlight = 0;
  #exchanges = 0;
  #promptTokens = 0;
  #promptSquares = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Once, when the pool is made. */
  settleIn(members: readonly Member[]): Pool {
    this.#members = members;
    return members;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  wanted({ promptTokens }: Ask): void {
    this.#exchanges++;
    this.#promptTokens += promptTokens;
    this.#promptSquares += promptTokens * promptTokens;
  }

  /** Since the last call. */
  takeWanted(): Wanted {
    const taken = {
      exchanges: this.#exchanges,
      promptTokens: this.#promptTokens,
      promptSquares: this.#promptSquares,
    };
    this.#exchanges = 0;
    this.#promptTokens = 0;
    this.#promptSquares = 0;
    return taken;
  }

  /** Brings the figures up to now, and answers when that is. */
  look(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lookedAtMs < FRESH_MS) return nowMs;
    this.#lookedAtMs = nowMs;
    const learned: number[] = [];
    for (const { target } of this.#members) if (target.learnedMs !== undefined) learned.push(target.learnedMs);
    learned.sort((a, b) => a - b);
    this.firstTokenMs = learned[(learned.length - 1) >> 1] ?? NAIVE_FIRST_MS;
    // Those that get no traffic would make the others look crowded.
    this.inFlight = this.#meanInFlight(this.#meanInFlight(0) / 2);
    return nowMs;
  }

  /** Of the members that have at least so many, for a weight of 1. */
  #meanInFlight(atLeast: number): number {
    let inFlight = 0;
    let weight = 0;
    for (const member of this.#members) {
      const { crowd } = member.target;
      if (crowd < atLeast * member.weight) continue;
      inFlight += crowd;
      weight += member.weight;
    }
    return weight === 0 ? 0 : inFlight / weight;
  }
}
