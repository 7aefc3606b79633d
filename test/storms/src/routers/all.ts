import { bifrost } from './bifrost.ts';
import { clairvoyant, luckyClairvoyant } from './clairvoyant.ts';
import { leeward, leewardHedged } from './leeward.ts';
import { litellm } from './litellm.ts';
import { leastInFlight, roundRobin, weightedRandom } from './plain.ts';
import type { Router, RouterDeps } from './router.ts';

export const ROUTERS = {
  leeward,
  'leeward, hedged': leewardHedged,
  'weighted random': weightedRandom,
  'round robin': roundRobin,
  'least in flight': leastInFlight,
  'Bifrost score': bifrost,
  'LiteLLM shuffle': litellm,
  clairvoyant,
  'lucky clairvoyant': luckyClairvoyant,
} as const satisfies Record<string, (deps: RouterDeps) => Router>;

export type RouterName = keyof typeof ROUTERS;

export const ROUTER_NAMES = Object.keys(ROUTERS) as readonly RouterName[]; // Its keys are just these.
