/**
 * What the console is shown of one process, once a second while somebody looks: a target's view without what says
 * nothing, so that two hundred of them stay a small message, with what it did so far; and what is new since the last.
 */
import type { BreakerView, Target } from '@leeward/upstream';
import { rounded } from '../record/rounded.ts';
import type { RouteTally, TargetTally, Traffic } from '../record/traffic.ts';
import type { RouteView } from '../routes.ts';
import type { Decisions } from '../record/decisions.ts';

/** More than a person can read in a second; each is up to 2 KB. */
const MAX_NEW_DECISIONS = 16;

export interface LiveView {
  readonly targets: readonly LiveTarget[];
  readonly routes: readonly RouteView[];
  readonly tallies: Readonly<Record<string, RouteTally>>;
  readonly decisions: readonly object[];
  /** Decisions since the last view that were too many to be in it. */
  readonly untold: number;
}

export interface LiveTarget {
  readonly id: string;
  readonly state: string;
  readonly inFlight: number;
  readonly freeInMs: number;
  readonly tally: TargetTally;
  readonly [more: string]: unknown;
}

interface LiveDeps {
  readonly targets: readonly Target[];
  readonly routes: readonly RouteView[];
  readonly traffic: Traffic;
  readonly decisions: Decisions;
}

export function viewLive({ targets, routes, traffic, decisions }: LiveDeps, nowMs: number): LiveView {
  return {
    targets: targets.map((target) => viewLiveTarget(target, traffic.of(target.id))),
    routes,
    tallies: traffic.routes,
    ...decisions.takeNew(nowMs, MAX_NEW_DECISIONS),
  };
}

function viewLiveTarget(target: Target, tally: TargetTally): LiveTarget {
  const { breaker, quarantine, capacity, quota, faultShare, firstTokenMs, tokenMs, ...view } = target.view();
  return {
    ...view,
    headroom: rounded(quota.headroom),
    breaker: whenTold(breaker),
    quarantine: whenTold(quarantine),
    capacity: capacity === undefined ? undefined : whenTold(capacity),
    quota: { ...quota, headroom: rounded(quota.headroom) },
    faultShare: rounded(faultShare),
    firstTokenMs: firstTokenMs === undefined ? undefined : Math.round(firstTokenMs),
    tokenMs: tokenMs === undefined ? undefined : rounded(tokenMs),
    tally: { ...tally, costUsd: Math.round(tally.costUsd * 1e6) / 1e6 },
  };
}

/** One that is closed and never tripped has nothing to tell. */
function whenTold(view: BreakerView): object | undefined {
  if (view.state === 'closed' && view.lastTrip === undefined) return undefined;
  const { lastTrip, nextProbeInMs } = view;
  return {
    ...view,
    successShare: rounded(view.successShare),
    nextProbeInMs: nextProbeInMs === undefined ? undefined : Math.round(nextProbeInMs),
    lastTrip: lastTrip === undefined ? undefined : { ...lastTrip, agoMs: Math.round(lastTrip.agoMs) },
  };
}
