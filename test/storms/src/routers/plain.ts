/** The three choices that every proxy offers. They remember nothing of failures. */
import { type Router, type RouterDeps, picking, weighted } from './router.ts';

export function weightedRandom({ rng }: RouterDeps): Router {
  const picker = picking('weighted-random', (eligible) => weighted(rng, eligible, ({ weight }) => weight));
  return { isLeeward: false, pickerFor: () => picker };
}

export function roundRobin(_deps: RouterDeps): Router {
  let turn = 0;
  const picker = picking('round-robin', (eligible) => eligible[turn++ % Math.max(1, eligible.length)]);
  return { isLeeward: false, pickerFor: () => picker };
}

/** The fewest running requests per weight; among equals one at random, or the first in the list would get every tie. */
export function leastInFlight({ rng }: RouterDeps): Router {
  const running = new Map<string, number>();
  const picker = picking('least-in-flight', (eligible) => {
    const least = Math.min(...eligible.map(({ id, weight }) => (running.get(id) ?? 0) / weight));
    return weighted(
      rng,
      eligible.filter(({ id, weight }) => (running.get(id) ?? 0) / weight === least),
      () => 1,
    );
  });
  return {
    isLeeward: false,
    pickerFor: () => picker,
    started: (target) => running.set(target, (running.get(target) ?? 0) + 1),
    ended: (target) => running.set(target, (running.get(target) ?? 0) - 1),
  };
}
