/**
 * Chance that is the same for every router: what a target does with a request on its n-th try is drawn from the seed,
 * the request, the target and n alone, never from what else has happened. So two routers that make the same choice meet
 * the same fate, and their difference is theirs (common random numbers).
 */
import type { Rng } from '@leeward/kernel';
import { seededRng } from '@leeward/testkit';

export function drawsFor(...names: readonly number[]): Rng {
  let mixed = 0x9e3779b9;
  for (const name of names) {
    mixed = Math.imul(mixed ^ (name + 0x7f4a7c15), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return seededRng(mixed);
}

/** A number for a name, for use among the numbers of `drawsFor`. */
export function numberOf(name: string): number {
  let mixed = 7;
  for (let index = 0; index < name.length; index++) mixed = (Math.imul(mixed, 31) + name.charCodeAt(index)) | 0;
  return mixed;
}

/** Latencies and sizes are near log-normal: a median, and a spread of the logarithm. */
export function logNormal(rng: Rng, median: number, spread: number): number {
  // Box and Muller's transform; 1 - u keeps the logarithm from 0.
  const normal = Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
  return median * Math.exp(spread * normal);
}

export function exponential(rng: Rng, mean: number): number {
  return -mean * Math.log(1 - rng());
}
