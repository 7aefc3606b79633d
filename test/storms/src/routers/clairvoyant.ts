/**
 * Two limits. `clairvoyant` knows the upstreams' true state, present and to come: weather, slots, queues, quotas and
 * speeds. It takes the target with the least expected first-token time for this prompt. What a request will draw there
 * (its luck with the log-normal, whether it straggles or fails) is no state, and no router could know it; the `lucky`
 * one knows the dice too, and so bounds what is measured and not only what can be done. A stream that breaks mid-way
 * costs the clairvoyant nothing, since its first token has come; the lucky one goes where it does not break.
 *
 * Both are greedy: they do not save a quota or a slot for later requests, so where those are scarce another may do
 * better. They keep to the operator's order of the pools, but leave a pool whose best target has no slot free when a
 * later pool is sooner: one with a long queue is no more available than one that is down.
 */
import type { ModelledTarget } from '../upstream/modelled-target.ts';
import type { Call } from '../traffic.ts';
import { picking, type Router, type RouterDeps } from './router.ts';

export function clairvoyant(deps: RouterDeps): Router {
  return seer('clairvoyant', deps, (target, call) => target.expectedFirstTokenMs(call.promptTokens));
}

export function luckyClairvoyant(deps: RouterDeps): Router {
  return seer('lucky-clairvoyant', deps, (target, call) => target.drawnFirstTokenMs(call));
}

function seer(
  name: string,
  { target, pools }: RouterDeps,
  firstTokenMs: (target: ModelledTarget, call: Call) => number,
): Router {
  return {
    isLeeward: false,
    pickerFor: (call) =>
      picking(name, (eligible) => {
        let bestMs = Number.POSITIVE_INFINITY;
        let chosen: (typeof eligible)[number] | undefined;
        for (const candidate of eligible) {
          const firstMs = firstTokenMs(target(candidate.id), call);
          if (firstMs >= bestMs) continue;
          bestMs = firstMs;
          chosen = candidate;
        }
        if (chosen === undefined || !target(chosen.id).isFull) return chosen;
        const laterMs = poolsAfter(pools(), chosen.id).map((id) => firstTokenMs(target(id), call));
        return Math.min(...laterMs) < bestMs ? undefined : chosen;
      }),
  };
}

/** The targets of all pools behind the one that a target is in. */
function poolsAfter(pools: readonly (readonly string[])[], target: string): readonly string[] {
  return pools.slice(pools.findIndex((pool) => pool.includes(target)) + 1).flat();
}
