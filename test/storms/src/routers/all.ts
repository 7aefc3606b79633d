import { bifrost } from './bifrost.ts';
import { clairvoyant, luckyClairvoyant } from './clairvoyant.ts';
import { leeward, leewardHedged } from './leeward.ts';
import { litellm } from './litellm.ts';
import { leastInFlight, roundRobin, weightedRandom } from './plain.ts';
import type { Router, RouterDeps } from './router.ts';

export const ROUTERS = {
  leeward,
  'leeward, hedged': leewardHedged,
  'leeward, each alone': leeward,
  'leeward, one node': leeward,
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

/** In a storm with several nodes: they know of each other, or do not, or one has all the traffic. */
export type Layout = 'cluster' | 'alone' | 'one';

/** Whoever is not named stands in each node alone. A clairvoyant knows the truth in each, so that one is enough. */
export const LAYOUTS: Readonly<Partial<Record<RouterName, Layout>>> = {
  leeward: 'cluster',
  'leeward, hedged': 'cluster',
  'leeward, one node': 'one',
  clairvoyant: 'one',
  'lucky clairvoyant': 'one',
};
