/**
 * Bifrost's adaptive load balancing, after what its makers have published of it; the product itself is closed.
 *
 *   score = 0.5 × errors + 0.2 × latency + 0.05 × utilisation - momentum, recomputed every 5 s; a lower one is better
 *
 *   errors       share of failed attempts in the last interval, forgotten by nine tenths in 30 s
 *   latency      how much slower than the fastest sibling its mean first token was, from 0 (as fast) to 1 (twice or more)
 *   utilisation  by how much its share of the last interval's traffic exceeded a fair one, at most 1
 *   momentum     up to 0.05 for a target that did well in the last interval after having failed
 *
 * The weight falls linearly with the score, from 1000 to a floor of 1. Three picks in four go to the targets within 5 %
 * of the best weight, by weight; the fourth explores all of them by weight. A target with over 5 % errors, or one that
 * said 429, is Failed: it keeps the floor's weight until an interval without either. New targets begin with a full weight.
 */
import { type Router, type RouterDeps, picking, weighted } from './router.ts';

const INTERVAL_MS = 5000;
const EXPLORATION = 0.25;
const BEST_BAND = 0.95;
const FAILED_SHARE = 0.05;
const MAX_WEIGHT = 1000;
const MAX_MOMENTUM = 0.05;
/** What is left of an error penalty after one interval, so that a tenth is left after 30 s. */
const REMEMBERED = 0.1 ** (INTERVAL_MS / 30_000);

interface Standing {
  weight: number;
  errors: number;
  limited: boolean;
  attempts: number;
  failures: number;
  firstTokens: number;
  firstTokenSumMs: number;
  latencyMs: number | undefined;
}

export function bifrost({ clock, rng }: RouterDeps): Router {
  const standings = new Map<string, Standing>();
  // Its timer and the storm know nothing of each other.
  let recomputedAtMs = clock.nowMs() - rng() * INTERVAL_MS;
  const of = (target: string): Standing => {
    const known = standings.get(target);
    if (known !== undefined) return known;
    const fresh = newStanding();
    standings.set(target, fresh);
    return fresh;
  };
  const picker = picking('bifrost', (eligible) => {
    // A timer in theirs; here the first pick after it would have fired, which no request can tell apart.
    if (clock.nowMs() - recomputedAtMs >= INTERVAL_MS) {
      recomputedAtMs = clock.nowMs();
      recompute([...standings.values()]);
    }
    const weigh = ({ id, weight }: { id: string; weight: number }) => of(id).weight * weight;
    if (rng() < EXPLORATION) return weighted(rng, eligible, weigh);
    const best = Math.max(...eligible.map(weigh));
    return weighted(
      rng,
      eligible.filter((one) => weigh(one) >= best * BEST_BAND),
      weigh,
    );
  });
  return {
    isLeeward: false,
    pickerFor: () => picker,
    ended: (target, { outcome, startedAtMs, firstTokenAtMs }) => {
      if (outcome.kind === 'cancelled') return;
      const standing = of(target);
      standing.attempts++;
      if (outcome.kind !== 'ok') standing.failures++;
      if (outcome.kind === 'quota') standing.limited = true;
      if (firstTokenAtMs === undefined) return;
      standing.firstTokens++;
      standing.firstTokenSumMs += firstTokenAtMs - startedAtMs;
    },
  };
}

function newStanding(): Standing {
  return {
    weight: MAX_WEIGHT,
    errors: 0,
    limited: false,
    attempts: 0,
    failures: 0,
    firstTokens: 0,
    firstTokenSumMs: 0,
    latencyMs: undefined,
  };
}

function recompute(standings: readonly Standing[]): void {
  let total = 0;
  let fastestMs = Number.POSITIVE_INFINITY;
  for (const standing of standings) {
    total += standing.attempts;
    if (standing.firstTokens > 0) standing.latencyMs = standing.firstTokenSumMs / standing.firstTokens;
    fastestMs = Math.min(fastestMs, standing.latencyMs ?? Number.POSITIVE_INFINITY);
  }
  for (const standing of standings) {
    const share = standing.attempts === 0 ? 0 : standing.failures / standing.attempts;
    const before = standing.errors;
    standing.errors = Math.max(share, before * REMEMBERED);
    const latency = standing.latencyMs === undefined ? 0 : Math.min(1, standing.latencyMs / fastestMs - 1);
    const fairShare = total / standings.length;
    const utilisation = total === 0 ? 0 : Math.min(1, Math.max(0, standing.attempts / fairShare - 1));
    const momentum = standing.attempts > 0 && share === 0 && before > 0 ? MAX_MOMENTUM : 0;
    const score = 0.5 * standing.errors + 0.2 * latency + 0.05 * utilisation - momentum;
    const isFailed = share > FAILED_SHARE || standing.limited;
    standing.weight = isFailed ? 1 : Math.min(MAX_WEIGHT, Math.max(1, MAX_WEIGHT * (1 - score)));
    standing.attempts = 0;
    standing.failures = 0;
    standing.firstTokens = 0;
    standing.firstTokenSumMs = 0;
    standing.limited = false;
  }
}
