/**
 * The claims that compare Leeward with the opponents: in errors, wasted attempts and p99, where it is struck better than
 * each of them, and everywhere no worse than the best of them by more than a little.
 *
 * One answer in a hundred straggles, as real vendors' do, so the 99th percentile stands on that cliff and only a second
 * attempt can do something about it. Therefore p99 is the hedged router's to answer for; of the one without hedging is
 * asked no more than that it loses nothing that luck does not explain.
 */
import type { RouterName } from '../routers/all.ts';
import { claim, type Unit, type Unjudged } from './claim.ts';
import type { RouterSummary } from './summary.ts';

/** Those that one could run instead. */
export const OPPONENTS: readonly RouterName[] = [
  'weighted random',
  'round robin',
  'least in flight',
  'Bifrost score',
  'LiteLLM shuffle',
];

/** Who is judged, where, and against whom. */
export interface Contest {
  readonly storm: string;
  readonly own: RouterSummary;
  readonly hedges: boolean;
  readonly opponents: readonly RouterSummary[];
}

/** Nowhere worse than the best of the others by more than this. */
const MAX_WORSE = 1.05;
/**
 * Nor there: the others ask until they are refused, and a vendor that charges at the end answers more than its limit to who
 * does so. A fleet that stays within a quota pays for it.
 */
const MAX_WORSE_WITHIN_QUOTA = 1.1;
const WITHIN_QUOTA = ['S6'];
/** Two clients in ten thousand: with fewer errors than that, a run has a handful of them, and chance says who has more. */
const ERROR_TOLERANCE = 0.0002;
/** One attempt in two thousand: a router that avoids every bad target still meets as many faults by chance. */
const WASTED_TOLERANCE = 0.05;
/** A hedged p99 stands before the cliff, and is moved less by which answers straggle. */
const HEDGED_P99_TOLERANCE_MS = 40;
/**
 * On the cliff: from seed to seed a random choice's p99 has a standard deviation of 200 to 250 ms, so that some 50 ms of
 * chance are left in twenty seeds, and this is twice that.
 */
const P99_TOLERANCE_MS = 100;
/** Where p99 is compared without hedging: stragglers decide it there, not a quota or a queue. */
const UNHEDGED_P99 = ['S1', 'S2', 'S3', 'S4', 'S7', 'S9', 'S10', 'S11', 'S12', 'S12b', 'S14'];
/** Every router must refuse some there, and the p99 of those that were served only says whom it refused. */
const NO_P99 = ['S5b', 'S6'];
/** Some are refused there that need not be: an error is not an answer, and counts as one that never comes. */
const P99_OF_ALL = ['S5'];

/** Where a quota decides who waits, there is none to compare. */
const LIKE_ONE_NODE = ['S11', 'S12b', 'S13'];
/** Two seeds of a hundred nodes: too few stragglers for a p99. */
const FEW_SEEDS = ['S13'];
/** What chance leaves in a p95, which stands well before the cliff. */
const P95_TOLERANCE_MS = 30;

interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly of: (router: RouterSummary) => number;
  readonly tolerance: number;
}

const ERRORS: Figure = {
  name: 'errors',
  unit: 'share',
  of: ({ errorShare }) => errorShare,
  tolerance: ERROR_TOLERANCE,
};

const WASTED: Figure = {
  name: 'wasted',
  unit: 'per 100',
  of: ({ wastedPer100 }) => wastedPer100,
  tolerance: WASTED_TOLERANCE,
};

function p99Of({ storm, hedges }: Contest): Figure {
  const rest = { unit: 'ms', tolerance: hedges ? HEDGED_P99_TOLERANCE_MS : P99_TOLERANCE_MS } as const;
  return P99_OF_ALL.includes(storm)
    ? { name: 'p99, errors counted as never', of: ({ p99OfAllMs }) => p99OfAllMs ?? Number.POSITIVE_INFINITY, ...rest }
    : { name: 'p99', of: ({ p99Ms }) => p99Ms, ...rest };
}

export function betterThanAll(contest: Contest): readonly Unjudged[] {
  const { own, opponents, hedges } = contest;
  if (opponents.length === 0) return [];
  return [ERRORS, ...(hedges ? [p99Of(contest)] : []), WASTED].map(({ name, unit, of }) => {
    const best = Math.min(...opponents.map(of));
    // Better than none is not to be had.
    return claim(`${name}, better than every opponent`, unit, of(own), best === 0 ? '=' : '<', best);
  });
}

export function nowhereWorse(contest: Contest): readonly Unjudged[] {
  const { storm, own, opponents, hedges } = contest;
  if (opponents.length === 0) return [];
  const comparesP99 = hedges ? !NO_P99.includes(storm) : UNHEDGED_P99.includes(storm);
  return [ERRORS, ...(comparesP99 ? [p99Of(contest)] : []), WASTED].map(({ name, unit, of, tolerance }) => {
    const most = WITHIN_QUOTA.includes(storm) ? MAX_WORSE_WITHIN_QUOTA : MAX_WORSE;
    const bound = Math.min(...opponents.map(of)) * most + tolerance;
    return claim(`${name}, against the best opponent`, unit, of(own), '<=', bound);
  });
}

/** Many nodes ought to behave like one that has all their traffic. */
export function likeOneNode({ storm, own }: Contest, one: RouterSummary | undefined): readonly Unjudged[] {
  if (one === undefined || !LIKE_ONE_NODE.includes(storm)) return [];
  const like = (name: string, value: number, other: number, tolerance: number) =>
    claim(`${name}, against one node with all the traffic`, 'ms', value, '<=', other * MAX_WORSE + tolerance);
  return [
    like('p95', own.p95Ms, one.p95Ms, P95_TOLERANCE_MS),
    ...(FEW_SEEDS.includes(storm) ? [] : [like('p99', own.p99Ms, one.p99Ms, P99_TOLERANCE_MS)]),
  ];
}
