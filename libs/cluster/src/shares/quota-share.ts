/**
 * This peer's shares of one quota group's limits for one model. Mistral counts requests by the wall clock's minute and
 * tokens over a sliding one, when an answer has ended; so an allowance of requests begins anew with each minute, and one
 * of tokens moves with the window. Both are computed from what was last told, by this peer too: what it has not told
 * yet, the others cannot know.
 */
import { MINUTE_MS, MinuteUse } from './minute-use.ts';
import type { Known, Said } from './roll-call.ts';
import { TokenUse } from './token-use.ts';
import { type Party, WindowShare } from './window-share.ts';

/** Undefined is not known, so not limited. */
export interface QuotaLimits {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

/** What a peer may have used: requests in this wall-clock minute, tokens in the last 60 seconds. */
export interface Share {
  readonly requests: number | undefined;
  readonly tokens: number | undefined;
}

/** What all peers but this one used, in the same windows. */
export interface OthersUse {
  readonly requests: number;
  readonly tokens: number;
}

export interface Moment {
  readonly nowMs: number;
  readonly minuteEndsAtMs: number;
  readonly holdMs: number;
  readonly horizonMs: number;
  /** Between 0 and 1; see `Window`. */
  readonly mostPart: number;
  readonly startedAtMs: number;
}

export class QuotaShare {
  readonly #requests = new WindowShare();
  readonly #tokens = new WindowShare();
  /** By life. */
  readonly #uses = new Map<string, Uses>();
  #minuteEndsAtMs = Number.NEGATIVE_INFINITY;
  #othersUse: OthersUse = { requests: 0, tokens: 0 };

  get share(): Share {
    return { requests: this.#requests.allowed, tokens: this.#tokens.allowed };
  }

  get othersUse(): OthersUse {
    return this.#othersUse;
  }

  /** @param known everyone, among them at the place `self` this peer */
  refresh(id: string, limits: QuotaLimits, known: readonly Known[], self: number, moment: Moment): void {
    if (this.#uses.size > known.length) this.#forget(known);
    const requests: Party[] = [];
    const tokens: Party[] = [];
    for (const one of known) {
      const { life, standing } = one;
      const use = one.peer.quotas.get(id);
      const uses = this.#usesOf(life);
      if (use !== undefined) hear(uses, one, use, moment.minuteEndsAtMs);
      const silentForMs = moment.nowMs - one.silentSinceMs;
      requests.push({
        life,
        standing,
        silentForMs,
        used: uses.minute.within(moment.minuteEndsAtMs),
        wantedPerMinute: use?.value.wantedRequestsPerMinute ?? 0,
      });
      tokens.push({
        life,
        standing,
        silentForMs,
        used: standing === 'active' && use !== undefined ? uses.tokens.told : uses.tokens.faded(moment.nowMs),
        wantedPerMinute: use?.value.wantedTokensPerMinute ?? 0,
      });
    }
    this.#othersUse = { requests: usedByOthers(requests, self), tokens: usedByOthers(tokens, self) };
    this.#setRequests(limits.requestsPerMinute, requests, self, moment);
    this.#setTokens(limits.tokensPerMinute, tokens, self, moment);
  }

  #setRequests(limit: number | undefined, parties: readonly Party[], self: number, moment: Moment): void {
    const { nowMs, minuteEndsAtMs, horizonMs, mostPart, startedAtMs } = moment;
    if (Math.abs(minuteEndsAtMs - this.#minuteEndsAtMs) > CLOCK_STEP_MS) this.#requests.begin();
    this.#minuteEndsAtMs = minuteEndsAtMs;
    if (limit === undefined) {
      this.#requests.unset();
      return;
    }
    const restMs = Math.max(0, minuteEndsAtMs - nowMs);
    const aheadMs = Math.max(horizonMs, restMs);
    const rest = restMs / MINUTE_MS;
    // Nobody knows how the minute's requests were spread before.
    const unseen = startedAtMs > minuteEndsAtMs - MINUTE_MS ? 1 : 0;
    this.#requests.set(parties, self, { limit, unit: 'whole', aheadMs, rest, mostPart, unseen }, moment);
  }

  #setTokens(limit: number | undefined, parties: readonly Party[], self: number, moment: Moment): void {
    if (limit === undefined) {
      this.#tokens.unset();
      return;
    }
    const { nowMs, horizonMs: aheadMs, mostPart, startedAtMs } = moment;
    const unseen = Math.max(0, 1 - (nowMs - startedAtMs) / MINUTE_MS);
    const shared = parties.length > 1 ? limit * (1 - UNTOLD_PART) : limit;
    this.#tokens.set(parties, self, { limit: shared, unit: 'any', aheadMs, rest: 1, mostPart, unseen }, moment);
  }

  #usesOf(life: string): Uses {
    const known = this.#uses.get(life);
    if (known !== undefined) return known;
    const uses = { minute: new MinuteUse(), tokens: new TokenUse() };
    this.#uses.set(life, uses);
    return uses;
  }

  #forget(known: readonly Known[]): void {
    const lives = new Set(known.map(({ life }) => life));
    for (const life of this.#uses.keys()) if (!lives.has(life)) this.#uses.delete(life);
  }
}

interface Uses {
  readonly minute: MinuteUse;
  readonly tokens: TokenUse;
}

/**
 * Of a limit of tokens, kept back from all shares: they are spent when answers end, and others hear of it a digest later.
 * Half a second's worth. Without it over 1 % of a fleet's attempts are refused in an overload; with it half of that.
 */
const UNTOLD_PART = 0.01;

/** A later digest that does not name a quota says that it is as before. */
function hear({ minute, tokens }: Uses, { peer }: Known, { value, atMs }: Said, minuteEndsAtMs: number): void {
  const confirmedAtMs = Math.max(peer.heardAtMs, atMs);
  minute.hear(value.requests, confirmedAtMs, minuteEndsAtMs);
  tokens.hear(value.tokens, confirmedAtMs);
}

/** A minute's end that moves by less is the wall clock being adjusted. */
const CLOCK_STEP_MS = 1_000;

function usedByOthers(parties: readonly Party[], self: number): number {
  return parties.reduce((sum, { used }, place) => (place === self ? sum : sum + used), 0);
}
