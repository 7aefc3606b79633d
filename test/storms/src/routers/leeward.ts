import { weightedRandomPicker } from '@leeward/balancer';
import type { Router, RouterDeps } from './router.ts';

/** The product as the gateway wires it (build.ts): its default picker, with breakers and cooldowns behind it. */
export function leeward({ rng }: RouterDeps): Router {
  const picker = weightedRandomPicker(rng);
  return { hasBreakers: true, pickerFor: () => picker };
}
