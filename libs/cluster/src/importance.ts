/**
 * How much it matters to tell others that something changed: below 1 not yet, and the more the sooner. News, which
 * others act on at once, is infinite: an open breaker, a wait ordered or lifted.
 */
import type { QuotaUse, TargetEvidence, Wait } from './shapes.ts';

export const NEWS = Number.POSITIVE_INFINITY;

/** Times are learned from samples that vary by more than that. */
const TIME_CHANGE = 1.1;

/** One fault more among twenty. */
const FAULT_CHANGE = 0.05;

/** Evidence halves in a quarter of a minute; what is still observed should not look that old. */
const AGE_CHANGE_MS = 7500;

/** A hundredth of a minute's demand, what half a second uses up: a fleet exceeds a limit by what was not told. */
const QUOTA_CHANGE = 0.01;

/** A wait's end is as good as its order when it moves by so much. */
const WAIT_CHANGE_MS = 1000;

/** @param saidAgoMs since others were told `said` */
export function ofTarget(said: TargetEvidence | undefined, now: TargetEvidence, saidAgoMs: number): number {
  if (said === undefined) return now.trip === undefined ? 2 : NEWS;
  if ((said.trip === undefined) !== (now.trip === undefined)) return NEWS;
  return Math.max(
    ofTime(said.firstTokenMs, now.firstTokenMs),
    Math.abs(now.faultShare - said.faultShare) / FAULT_CHANGE,
    // One more on an idle target is as much as half more on a busy one.
    (2 * Math.abs(now.inFlight - said.inFlight)) / (1 + said.inFlight),
    Math.abs(now.samples - said.samples) / Math.max(5, said.samples / 2),
    (said.ageMs + saidAgoMs - now.ageMs) / AGE_CHANGE_MS,
  );
}

export function ofQuota(said: QuotaUse | undefined, now: QuotaUse): number {
  if (said === undefined) return 2;
  const requests = Math.max(1, now.wantedRequestsPerMinute) * QUOTA_CHANGE;
  const tokens = Math.max(1000, now.wantedTokensPerMinute) * QUOTA_CHANGE;
  const change = Math.max(
    Math.abs(now.requests - said.requests) / requests,
    Math.abs(now.tokens - said.tokens) / tokens,
    Math.abs(now.wantedRequestsPerMinute - said.wantedRequestsPerMinute) / requests / 10,
    Math.abs(now.wantedTokensPerMinute - said.wantedTokensPerMinute) / tokens / 10,
  );
  // Told early where there is room, without being in the way of evidence where there is none.
  return Math.sqrt(change);
}

export function ofWait(said: Wait | undefined, now: Wait, saidAgoMs: number): number {
  const leftMs = Math.max(0, (said?.forMs ?? 0) - saidAgoMs);
  return Math.abs(now.forMs - leftMs) > Math.max(WAIT_CHANGE_MS, leftMs / 10) ? NEWS : 0;
}

function ofTime(said: number | undefined, now: number | undefined): number {
  if (said === undefined || now === undefined) return said === now ? 0 : 2;
  return Math.abs(Math.log(Math.max(1, now) / Math.max(1, said))) / Math.log(TIME_CHANGE);
}
