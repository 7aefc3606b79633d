/**
 * Whether a target that has come back is stormed. In each window of 5 s in the first minute after the recovery: what was
 * sent to a target, whether first or as a retry, over its fair share of what came in, which is the part that its weight
 * has in its pool.
 */
import type { StormRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';
import { placeOf } from './statistics.ts';

const WATCHED_MS = 60_000;
const WINDOW_MS = 5000;
/** Fine enough to find the worst window to within a few requests. */
const STEP_MS = 100;

/** The worst of all windows and targets; null for a storm without a recovery. */
export function peakAfterRecovery(storm: Storm, { exchanges, targets }: StormRecord): number | null {
  const { recoveryAtMs, durationMs } = storm;
  if (recoveryAtMs === undefined) return null;
  const lastMs = Math.min(durationMs, recoveryAtMs + WATCHED_MS) - WINDOW_MS;
  const arrivals = Float64Array.from(exchanges, ({ atMs }) => atMs);
  let peak = 0;
  for (const [number, target] of targets.entries()) {
    const fairShare = fairShareOf(storm, target);
    const sends = Float64Array.from(
      exchanges.flatMap(({ asked, askedAtMs }) => askedAtMs.filter((_, place) => asked[place] === number)),
    ).sort();
    for (let fromMs = recoveryAtMs; fromMs <= lastMs; fromMs += STEP_MS) {
      const fair = fairShare * countWithin(arrivals, fromMs);
      if (fair > 0) peak = Math.max(peak, countWithin(sends, fromMs) / fair);
    }
  }
  return peak;
}

function countWithin(sorted: Float64Array, fromMs: number): number {
  return placeOf(sorted, fromMs + WINDOW_MS) - placeOf(sorted, fromMs);
}

/** Keys weigh the same here, so it is one by the number of targets in the pool. */
function fairShareOf({ pools, providers }: Storm, target: string): number {
  for (const pool of pools) {
    const ids = pool.flatMap(({ provider, model }) =>
      (providers[provider]?.keys ?? []).map(({ name }) => `${provider}/${name}/${model}`),
    );
    if (ids.includes(target)) return 1 / ids.length;
  }
  return 0;
}
