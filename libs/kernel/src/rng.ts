/** Chance as a parameter: a uniform draw from [0, 1). Tests pass a seeded one (testkit). */
export type Rng = () => number;

export const systemRng: Rng = Math.random;
