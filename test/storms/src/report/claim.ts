/** One claim: what is measured, its value, its bound, and whether it holds. */
export type Unit = 'share' | 'per 100' | 'ms' | 'times' | 'count';

export interface Claim {
  readonly storm: string;
  /** What is measured. */
  readonly text: string;
  readonly unit: Unit;
  readonly value: number;
  readonly relation: '=' | '<' | '<=' | '>=';
  readonly bound: number;
  readonly holds: boolean;
}

export type Unjudged = Omit<Claim, 'storm' | 'holds'>;

/** A value that was not measured is NaN, of which nothing holds. */
export function claim(text: string, unit: Unit, value: number, relation: Claim['relation'], bound: number): Unjudged {
  return { text, unit, value, relation, bound };
}

export function holds({ value, relation, bound }: Unjudged): boolean {
  switch (relation) {
    case '=':
      return value === bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>=':
      return value >= bound;
  }
}
