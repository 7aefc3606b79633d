/**
 * What Leeward claims of itself, judged from a run's own rows: in each storm that has the claim, the value that was
 * measured, the bound, and whether it holds. A claim that compares is judged where there is something to compare with.
 */
import { sum } from '../measures/statistics.ts';
import type { RouterName } from '../routers/all.ts';
import { type Claim, claim, holds, type Unjudged } from './claim.ts';
import { betterThanAll, type Contest, likeOneNode, nowhereWorse, OPPONENTS } from './comparisons.ts';
import type { RouterSummary, StormSummary } from './summary.ts';

/** Whose claims these are. */
export const SUBJECTS = ['leeward', 'leeward, hedged'] as const satisfies readonly RouterName[];

export type Subject = (typeof SUBJECTS)[number];

export interface Judgement {
  readonly subject: Subject;
  readonly claims: readonly Claim[];
}

/** Everything else has a target with capacity at all times, so that no client need see an error. */
const SCARCE = ['S5', 'S5b', 'S6'];
/** One key of several turns bad in a way that takes all of its traffic. */
const STRUCK = ['S1', 'S2', 'S4'];

/** From 2 s after the onset: one request in a hundred still goes there. Afterwards: a probe now and then. */
const MAX_EARLY_SHARE = 0.01;
const MAX_STEADY_SHARE = 0.002;
const MAX_P99_RATIO = 1.3;
/** Of the errors where the quotas nearly suffice; one may always be by chance. */
const MAX_UNTRUE_SHARE = 0.01;
/** Of the errors in a standing overload: by the time a client comes back, others may have taken what was free. */
const MIN_TRUE_SHARE_OVERLOADED = 0.95;
const MIN_SERVED_SHARE = 0.97;
const MIN_QUOTA_USED_SHARE = 0.97;
/** Of all attempts. */
const MAX_LIMITED_SHARE = 0.005;
/** In several nodes, that tell each other four times a second what they have used. */
const MIN_QUOTA_USED_SHARE_SHARED = 0.95;
const MAX_LIMITED_SHARE_SHARED = 0.01;
/** From one node's learning on. A message takes a few milliseconds; this is less than a first token's time. */
const MAX_HEEDED_AFTER_MS = 250;
/** Each of the other nodes may have been about to ask. */
const MAX_UNHEEDED = 1;
/** Of a new node's first requests, where chance would send a third: set by what was measured, so that it gets no worse. */
const MAX_NEWCOMER_BAD_SHARE = 0.1;
const MAX_PEAK_SHARES = 1.5;
const MAX_GAP_RATIO = 1.5;
const MAX_FLAPPING_WASTED = 3;

/** The claims of every storm in the run. */
export function judge(storms: readonly StormSummary[], subject: Subject): Judgement {
  return { subject, claims: storms.flatMap((storm) => claimsOf(storm, subject)) };
}

export function claimsOf({ id, routers }: StormSummary, subject: Subject): readonly Claim[] {
  const own = routers.find(({ router }) => router === subject);
  if (own === undefined) return [];
  const opponents = routers.filter(({ router }) => OPPONENTS.includes(router));
  const contest = { storm: id, own, hedges: subject === 'leeward, hedged', opponents };
  const claims = [
    ...(SCARCE.includes(id) ? [] : [claim('errors', 'share', own.errorShare, '=', 0)]),
    ...(STRUCK.includes(id) ? [...aboutTheStruck(contest, routers), ...betterThanAll(contest)] : []),
    ...nowhereWorse(contest),
    ...likeOneNode(
      contest,
      routers.find(({ router }) => router === 'leeward, one node'),
    ),
    ...aboutOneStorm(id, own),
  ];
  return claims.map((claim) => ({ storm: id, ...claim, holds: holds(claim) }));
}

function aboutTheStruck({ own, hedges }: Contest, routers: readonly RouterSummary[]): readonly Unjudged[] {
  const { earlyShare, badShare, p99Ms } = own;
  const limit = hedges ? routers.find(({ router }) => router === 'clairvoyant') : undefined;
  return [
    claim('bad share from 2 s after the onset', 'share', earlyShare ?? Number.NaN, '<', MAX_EARLY_SHARE),
    claim('bad share, steady', 'share', badShare ?? Number.NaN, '<', MAX_STEADY_SHARE),
    ...(limit === undefined
      ? []
      : [claim('p99 over the clairvoyant’s', 'times', p99Ms / limit.p99Ms, '<=', MAX_P99_RATIO)]),
  ];
}

function aboutOneStorm(id: string, own: RouterSummary): readonly Unjudged[] {
  const { errors, flaws, servedShare, quotaUsedShare, peakShares, gaps } = own;
  const errorCount = sum(Object.values(errors));
  const maxUntrue = Math.max(1, Math.floor(MAX_UNTRUE_SHARE * errorCount));
  const trueShare = 1 - flaws.untrue / Math.max(1, errorCount);
  switch (id) {
    case 'S5':
      return [
        ...timelyErrors(own),
        claim('errors whose retry-after was not true', 'count', flaws.untrue, '<=', maxUntrue),
        claim('served of what was asked for and allowed', 'share', servedShare ?? Number.NaN, '>=', MIN_SERVED_SHARE),
        claim('429s among all attempts', 'share', own.limitedShare, '<', MAX_LIMITED_SHARE),
      ];
    case 'S5b':
      return [
        ...timelyErrors(own),
        claim('errors with a true retry-after', 'share', trueShare, '>=', MIN_TRUE_SHARE_OVERLOADED),
        claim('quota used', 'share', quotaUsedShare ?? Number.NaN, '>=', MIN_QUOTA_USED_SHARE),
        claim('429s among all attempts', 'share', own.limitedShare, '<', MAX_LIMITED_SHARE),
      ];
    case 'S6':
      return [
        ...timelyErrors(own),
        claim('quota used', 'share', quotaUsedShare ?? Number.NaN, '>=', MIN_QUOTA_USED_SHARE_SHARED),
        claim('429s among all attempts', 'share', own.limitedShare, '<', MAX_LIMITED_SHARE_SHARED),
      ];
    case 'S11':
      return [
        ...heeding(own),
        claim('bad share of a new node', 'share', own.newcomerBadShare ?? Number.NaN, '<', MAX_NEWCOMER_BAD_SHARE),
      ];
    case 'S13':
      return heeding(own);
    case 'S8':
      return [claim('most in 5 s after the recovery', 'times', peakShares ?? Number.NaN, '<=', MAX_PEAK_SHARES)];
    case 'S9':
      return [
        claim('gap at a break, p50 over first token’s', 'times', gaps?.p50Ratio ?? Number.NaN, '<=', MAX_GAP_RATIO),
        claim('gap at a break, p95 over first token’s', 'times', gaps?.p95Ratio ?? Number.NaN, '<=', MAX_GAP_RATIO),
      ];
    case 'S10':
      return [claim('wasted', 'per 100', own.wastedPer100, '<', MAX_FLAPPING_WASTED)];
  }
  return [];
}

/** Where there is not enough for everyone, an error must be in time and say when to come back. */
function timelyErrors({ flaws }: RouterSummary): readonly Unjudged[] {
  return [
    claim('errors past the deadline', 'count', flaws.late, '=', 0),
    claim('errors without a retry-after', 'count', flaws.untold, '=', 0),
  ];
}

/** What a vendor says plainly to one node, none of the others needs to be told again. */
function heeding({ heededAfterMs, unheededByOne }: RouterSummary): readonly Unjudged[] {
  return [
    claim('revoked key left by all nodes after', 'ms', heededAfterMs ?? Number.NaN, '<=', MAX_HEEDED_AFTER_MS),
    claim('sent to it by one of the others', 'count', unheededByOne ?? Number.NaN, '<=', MAX_UNHEEDED),
  ];
}
