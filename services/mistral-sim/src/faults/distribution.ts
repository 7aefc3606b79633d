/** How long things take: a distribution in milliseconds, drawn with a passed generator. */
import type { Rng } from '@leeward/kernel';
import { z } from 'zod';

/** Mistral's own stream inactivity timeout: nothing waits longer than that. */
const LONGEST_MS = 600_000;

const milliseconds = z.number().min(0).max(LONGEST_MS);

export const distributionSchema = z.union([
  milliseconds,
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('fixed'), ms: milliseconds }),
    z.strictObject({ kind: z.literal('uniform'), fromMs: milliseconds, toMs: milliseconds }),
    z.strictObject({ kind: z.literal('lognormal'), medianMs: milliseconds, sigma: z.number().min(0).max(4) }),
    z.strictObject({ kind: z.literal('exponential'), meanMs: milliseconds }),
  ]),
]);

/** A plain number is a fixed time. */
export type Distribution = z.output<typeof distributionSchema>;

export function drawMs(distribution: Distribution, rng: Rng): number {
  if (typeof distribution === 'number') return distribution;
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.fromMs + rng() * (distribution.toMs - distribution.fromMs);
    case 'lognormal':
      return Math.min(LONGEST_MS, distribution.medianMs * Math.exp(distribution.sigma * drawNormal(rng)));
    case 'exponential':
      return Math.min(LONGEST_MS, -distribution.meanMs * Math.log(1 - rng()));
  }
}

/** Box and Muller's transform; 1 - draw keeps the logarithm away from zero. */
function drawNormal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
}
