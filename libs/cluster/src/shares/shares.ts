/**
 * Quotas shared without a coordinator: each peer computes from the same digests what it may use of each quota group, so
 * that together they reach the limit and do not cross it. Nothing is asked of anyone, and nothing here is on a request's
 * path: `refresh` is called a few times per digest interval, and a share is read from memory.
 *
 * - All see the same digests: the shares add up to the limit exactly, by demand (division.ts).
 * - Digests are under way: shares fall at once and rise after a hold, so the sum stays below (late-raise.ts).
 * - Peers are out of reach: their shares are held, ours too, and move to equal ones (roll-call.ts, window-share.ts).
 * - This peer has just begun: it takes a small part until it has heard everyone, or is surely alone; and for a minute it
 *   leaves an equal part for what was used before its time (window-share.ts).
 */
import type { Clock } from '@leeward/kernel';
import { raiseHoldMs } from './late-raise.ts';
import { MINUTE_MS } from './minute-use.ts';
import { type OthersUse, type QuotaLimits, QuotaShare, type Share } from './quota-share.ts';
import { RollCall, type Sharer, silentAfterMs } from './roll-call.ts';
import { type BusState, MAX_ENTRIES } from '../shapes.ts';

export interface Refresh {
  /** By `provider/group/model`: every quota that this peer uses. */
  readonly limits: ReadonlyMap<string, QuotaLimits>;
  /** What this peer last told of itself, and when. */
  readonly self: Sharer;
  /** Those of whom is heard. */
  readonly others: Iterable<Sharer>;
  /** How often peers tell. */
  readonly intervalMs: number;
  readonly bus: BusState;
}

/** In an interval. With a hundred peers and fifty quotas each costs some milliseconds. */
const REFRESHES = 2;

/** In which everyone in the largest fleet answers a joiner's hello, also over a connection that is only being made. */
const JOINING_MS = 2_500;

/** Three seconds' worth of a whole fleet's traffic: enough to begin with, and an excess that is gone with the minute. */
const JOINING_PART = 0.05;

/** Demand is looked at for longer than its own average lags. */
const LEAST_HORIZON_MS = 2_000;

const UNLIMITED: Share = { requests: undefined, tokens: undefined };
const NONE_USED: OthersUse = { requests: 0, tokens: 0 };

export class Shares {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #rollCall = new RollCall();
  readonly #quotas = new Map<string, QuotaShare>();
  #last: Reckoned | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
  }

  refresh({ limits, self, others, intervalMs, bus }: Refresh): void {
    const nowMs = this.#clock.nowMs();
    const minute = Math.floor(this.#clock.wallMs() / MINUTE_MS);
    if (this.#last !== undefined && isFresh(this.#last, { nowMs, minute, bus, limits }, intervalMs / REFRESHES)) return;
    this.#last = { nowMs, minute, bus, limits };
    this.#rollCall.call(self, others, { nowMs, silentMs: silentAfterMs(intervalMs), bus });
    const known = this.#rollCall.known;
    const place = known.findIndex(({ peer }) => peer.id === self.id && peer.epoch === self.epoch);
    const isJoining = nowMs - this.#startedAtMs < JOINING_MS;
    const moment = {
      nowMs,
      minuteEndsAtMs: nowMs + MINUTE_MS - (this.#clock.wallMs() % MINUTE_MS),
      holdMs: raiseHoldMs(intervalMs),
      horizonMs: Math.max(LEAST_HORIZON_MS, 4 * intervalMs),
      mostPart: isJoining ? JOINING_PART : 1,
      startedAtMs: this.#startedAtMs,
    };
    for (const id of this.#quotas.keys()) if (!limits.has(id)) this.#quotas.delete(id);
    for (const [id, limit] of limits) {
      const quota = this.#quotas.get(id) ?? new QuotaShare();
      if (!this.#quotas.has(id) && this.#quotas.size >= MAX_ENTRIES) continue;
      this.#quotas.set(id, quota);
      quota.refresh(id, limit, known, place, moment);
    }
  }

  /** Unlimited before the first refresh, and where no limit is known. */
  of(quota: string): Share {
    return this.#quotas.get(quota)?.share ?? UNLIMITED;
  }

  /** What the others used: to be left out where a vendor's headers tell of use that is not ours. */
  othersUse(quota: string): OthersUse {
    return this.#quotas.get(quota)?.othersUse ?? NONE_USED;
  }
}

/** What the shares were last reckoned from, beside what peers told. */
interface Reckoned {
  readonly nowMs: number;
  readonly minute: number;
  readonly bus: BusState;
  readonly limits: ReadonlyMap<string, QuotaLimits>;
}

function isFresh(last: Reckoned, now: Reckoned, forMs: number): boolean {
  if (now.nowMs - last.nowMs >= forMs || now.minute !== last.minute || now.bus !== last.bus) return false;
  if (now.limits.size !== last.limits.size) return false;
  for (const [id, { requestsPerMinute, tokensPerMinute }] of now.limits) {
    const before = last.limits.get(id);
    if (before?.requestsPerMinute !== requestsPerMinute || before?.tokensPerMinute !== tokensPerMinute) return false;
  }
  return true;
}
