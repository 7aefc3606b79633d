/**
 * The limit: knows the upstreams' true state, this request's luck included, and takes the target that gives the first
 * token soonest among those that will see the answer through. Greedy: it does not save a quota or a slot for later
 * requests, so on a storm of scarcity it is a strong bound and not a proven one.
 */
import { picking, type Router, type RouterDeps } from './router.ts';

export function clairvoyant({ target }: RouterDeps): Router {
  return {
    hasBreakers: false,
    pickerFor: (call) =>
      picking('clairvoyant', (eligible) => {
        let best = Number.POSITIVE_INFINITY;
        let chosen: (typeof eligible)[number] | undefined;
        for (const candidate of eligible) {
          const firstMs = target(candidate.id).foresee(call);
          if (firstMs >= best) continue;
          best = firstMs;
          chosen = candidate;
        }
        return chosen;
      }),
  };
}
