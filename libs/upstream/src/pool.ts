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

  constructor(target: Target, weight: number) {
    this.target = target;
    this.weight = weight;
  }

  get id(): string {
    return this.target.id;
  }

  get available(): boolean {
    return this.target.available;
  }

  get load(): number {
    return this.target.load;
  }
}
