import type { Rng } from '@leeward/kernel';

/**
 * Full jitter: a uniform draw below a ceiling that doubles with each pass. Spreading over the whole interval empties
 * the herd that failed together fastest (Brooker, "Exponential Backoff and Jitter", 2015).
 * @param pass how many passes over the pools have failed, from 1
 */
export function backoffMs(rng: Rng, pass: number, options: { backoffMs: number; maxBackoffMs: number }): number {
  const ceilingMs = Math.min(options.maxBackoffMs, options.backoffMs * 2 ** Math.min(pass - 1, 30));
  return rng() * ceilingMs;
}
