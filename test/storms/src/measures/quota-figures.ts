/**
 * How well a fleet's quota was put to use. Groups are limited by requests or by tokens; to add them up, tokens count as
 * so many requests of the mean size. A group counts as full at the most, so that one that lets a little too much
 * through does not stand in for another that lies idle.
 */
import type { StormRecord } from '../exchange-record.ts';
import type { Storm } from '../storms/storm.ts';
import { MEAN_TOKENS } from '../traffic.ts';
import type { QuotaUse } from '../upstream/quota-window.ts';
import { sum } from './statistics.ts';

const MINUTE_MS = 60_000;

/** Of all groups together; null where nothing is limited. */
export function quotaUsedShare(quotas: readonly QuotaUse[]): number | null {
  if (quotas.length === 0) return null;
  const used = sum(quotas.map((quota) => Math.min(1, quota.usedShare) * perMinute(quota)));
  return used / sum(quotas.map(perMinute));
}

/**
 * Served of what was both asked for and allowed, in requests or in tokens, whichever is less. Null without a limit, and
 * where more is asked for than allowed: the quota's use tells there.
 */
export function servedShare({ durationMs }: Storm, { exchanges, quotas }: StormRecord): number | null {
  if (quotas.length === 0) return null;
  const allowed = (sum(quotas.map(perMinute)) * durationMs) / MINUTE_MS;
  if (exchanges.length > allowed) return null;
  const served = exchanges.filter(({ error }) => error === '');
  const inRequests = served.length / exchanges.length;
  const tokensOf = (some: typeof exchanges) => sum(some.map(({ tokens }) => tokens));
  const inTokens = tokensOf(served) / Math.min(tokensOf(exchanges), allowed * MEAN_TOKENS);
  return Math.min(inRequests, inTokens);
}

/** In requests of the mean size. */
function perMinute({ limit }: QuotaUse): number {
  const { requestsPerMinute, tokensPerMinute } = limit;
  return Math.min(
    requestsPerMinute ?? Number.POSITIVE_INFINITY,
    (tokensPerMinute ?? Number.POSITIVE_INFINITY) / MEAN_TOKENS,
  );
}
