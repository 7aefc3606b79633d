import { createPicker } from '@leeward/balancer';
import type { Router, RouterDeps } from './router.ts';

/** The product as the gateway wires it (build.ts): its default picker, with breakers, cooldowns and ledgers behind it. */
export function leeward({ rng }: RouterDeps): Router {
  const picker = createPicker('adaptive', rng);
  return { isLeeward: true, pickerFor: () => picker };
}

/** The same with `hedge: {}` on its route. */
export function leewardHedged(deps: RouterDeps): Router {
  return { ...leeward(deps), hedges: true };
}
