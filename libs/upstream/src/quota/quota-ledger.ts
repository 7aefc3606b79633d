/**
 * What is left of a quota group's limits for one model, from our own counts: streamed answers carry no rate headers. As
 * Mistral counts: requests by the wall clock's minute, tokens over a sliding one, from the usage of ended answers.
 *
 * A limit is the configured one until a response header says otherwise. Where headers tell of more use than ours,
 * others use the group too, and the difference is counted as spent. Of what the nodes of a cluster may use together,
 * this one keeps to its share.
 *
 * An attempt reserves what it is expected to cost. What is reserved makes the group less attractive, but only what is
 * spent can exhaust it, because that is when vendors refuse: stopping at the reservations would leave a part of every
 * quota unused.
 */
import type { Clock } from '@leeward/kernel';
import type { Usage } from '@leeward/wire';
import { ForeignUse } from './foreign-use.ts';
import type { UpstreamHeaders } from '../transport.ts';

export interface QuotaView {
  readonly requestsPerMinute: number | undefined;
  readonly requestsRemaining: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly tokensRemaining: number | undefined;
  /** From 1, all free, to 0, nothing left. */
  readonly headroom: number;
}

/** Of a limit, what this node may use of each window, and what the others have used of it. Plain data, from whoever shares. */
export interface LedgerShare {
  /** Undefined where no limit is known. */
  readonly requests: number | undefined;
  readonly tokens: number | undefined;
  readonly othersRequests: number;
  readonly othersTokens: number;
}

const ALL: LedgerShare = { requests: undefined, tokens: undefined, othersRequests: 0, othersTokens: 0 };

/** Shares are drawn anew several times a second: so soon a spent one may have grown. */
const SHARED_ANEW_MS = 500;

const MINUTE_MS = 60_000;
/** What was spent leaves the minute late by this at the most. */
const SLOT_MS = 500;
/** A minute of slots, and the one that is being filled. */
const SLOTS = MINUTE_MS / SLOT_MS + 1;

/** An answer's tokens before any was seen: the median of chat traffic. */
const NAIVE_ANSWER_TOKENS = 200;
/** The mean answer follows a change of traffic within some dozens of answers. */
const ANSWER_WEIGHT = 0.05;

/** Below this part of a limit left, its group gets less traffic than others; above, all groups are alike. */
const SCARCE = 0.25;

/** Headers may be behind by what is in flight; a larger difference is someone else's use. */
const FOREIGN_SHARE = 0.05;

export class QuotaLedger {
  readonly #clock: Clock;
  #requestsPerMinute: number | undefined;
  #tokensPerMinute: number | undefined;
  /** The wall clock's minute that requests are counted in. */
  #minute = 0;
  #minuteEndsAtMs = Number.NEGATIVE_INFINITY;
  #requests = 0;
  readonly #tokens = new Float64Array(SLOTS);
  /** Number of the slot being filled, since the clock's origin. */
  #slot = 0;
  #spent = 0;
  #reserved = 0;
  #meanAnswer = NAIVE_ANSWER_TOKENS;
  #share = ALL;
  readonly #foreignRequests: ForeignUse;
  readonly #foreignTokens: ForeignUse;

  constructor(
    clock: Clock,
    configured: { readonly requestsPerMinute?: number | undefined; readonly tokensPerMinute?: number | undefined },
  ) {
    this.#clock = clock;
    this.#foreignRequests = new ForeignUse(clock);
    this.#foreignTokens = new ForeignUse(clock);
    this.#requestsPerMinute = configured.requestsPerMinute;
    this.#tokensPerMinute = configured.tokensPerMinute;
  }

  share(share: LedgerShare): void {
    this.#share = share;
  }

  get limits(): { readonly requestsPerMinute: number | undefined; readonly tokensPerMinute: number | undefined } {
    return { requestsPerMinute: this.#requestsPerMinute, tokensPerMinute: this.#tokensPerMinute };
  }

  /** What an answer costs on top of its prompt, by those seen. */
  get meanAnswerTokens(): number {
    return this.#meanAnswer;
  }

  /** In this wall minute, in the last 60 s, and of attempts that still run. */
  get used(): { readonly requests: number; readonly tokens: number } {
    this.#roll();
    return { requests: this.#requests, tokens: this.#spent };
  }

  /** Books a request and answers the tokens reserved for it, to be given to `settle` or `refund`. */
  reserve(promptTokens: number): number {
    this.#roll();
    const tokens = promptTokens + this.#meanAnswer;
    this.#requests++;
    this.#reserved += tokens;
    return tokens;
  }

  /** An attempt that was answered, in full or in part; `usage` is undefined when the upstream did not tell. */
  settle(reserved: number, usage: Usage | undefined): void {
    this.#roll();
    this.#reserved = Math.max(0, this.#reserved - reserved);
    if (usage !== undefined) this.#meanAnswer += ANSWER_WEIGHT * (usage.completionTokens - this.#meanAnswer);
    // What came out of the vendor's prompt cache is not counted.
    this.#spend(usage === undefined ? reserved : Math.max(0, usage.totalTokens - usage.cachedTokens));
  }

  /** An attempt that was received and cost no tokens. */
  release(reserved: number): void {
    this.#reserved = Math.max(0, this.#reserved - reserved);
  }

  /** An attempt that the vendor did not count: refused, or never received. */
  refund(reserved: number, bookedAtMs: number): void {
    this.#roll();
    this.release(reserved);
    if (this.#isThisMinute(bookedAtMs)) this.#requests = Math.max(0, this.#requests - 1);
  }

  /** @param askedAtMs when the request was sent whose answer these came with */
  observe(headers: UpstreamHeaders, askedAtMs: number): void {
    const requests = read(headers, 'x-ratelimit-limit-req-minute');
    const tokens = read(headers, 'x-ratelimit-limit-tokens-minute');
    // A 429 leaves out the pair that did not trip: what it does not say stays as it was. And 0 is the plan's way to say
    // never, which is a cooldown's matter: plans change, and a limit that nothing is asked of is never told again.
    if (requests !== undefined && requests > 0) this.#requestsPerMinute = requests;
    if (tokens !== undefined && tokens > 0) this.#tokensPerMinute = tokens;
    this.#roll();
    const requestsLeft = read(headers, 'x-ratelimit-remaining-req-minute');
    // What was left of the minute before says nothing of this one.
    if (requestsLeft !== undefined && this.#requestsPerMinute !== undefined && this.#isThisMinute(askedAtMs)) {
      const limit = this.#requestsPerMinute;
      const unknown = limit - requestsLeft - this.#requests - this.#share.othersRequests;
      this.#requests += this.#foreignRequests.part(unknown, limit, this.#share.requests);
    }
    const tokensLeft = read(headers, 'x-ratelimit-remaining-tokens-minute');
    if (tokensLeft === undefined || this.#tokensPerMinute === undefined) return;
    const limit = this.#tokensPerMinute;
    const unknown = limit - tokensLeft - this.#spent - this.#reserved - this.#share.othersTokens;
    if (unknown > FOREIGN_SHARE * limit) this.#spend(this.#foreignTokens.part(unknown, limit, this.#share.tokens));
  }

  /** From 1, plenty, to 0, nothing; the scarcer of the two limits. */
  headroomAt(nowMs: number): number {
    if (this.#requestsPerMinute === undefined && this.#tokensPerMinute === undefined) return 1;
    this.#roll(nowMs);
    return Math.max(0, Math.min(this.#requestHeadroom(nowMs), this.#tokenHeadroom));
  }

  get isExhausted(): boolean {
    if (this.#requestsPerMinute === undefined && this.#tokensPerMinute === undefined) return false;
    this.#roll();
    return isSpent(this.#requests, this.#requestLimit) || isSpent(this.#spent, this.#tokenLimit);
  }

  /** This node's part of it. */
  get #requestLimit(): number | undefined {
    return least(this.#requestsPerMinute, this.#share.requests);
  }

  get #tokenLimit(): number | undefined {
    return least(this.#tokensPerMinute, this.#share.tokens);
  }

  /** Milliseconds until the vendor would take another request, as far as our count knows; 0 when it would now. */
  get freeInMs(): number {
    return this.#freeInMs(0);
  }

  /** The same for one who comes back then: what is in flight now will have been spent, and others will have come. */
  get surelyFreeInMs(): number {
    const freeInMs = this.#freeInMs(this.#reserved);
    return freeInMs === 0 ? 0 : freeInMs + RETURN_MS;
  }

  #freeInMs(reserved: number): number {
    if (this.#requestsPerMinute === undefined && this.#tokensPerMinute === undefined) return 0;
    this.#roll();
    const minuteMs = isSpent(this.#requests, this.#requestLimit) ? this.#minuteFreeInMs : 0;
    const tokensMs = isSpent(this.#spent, this.#tokenLimit) ? this.#tokensFreeInMs(reserved) : 0;
    return Math.max(minuteMs, tokensMs);
  }

  get view(): QuotaView {
    this.#roll();
    const requests = this.#requestsPerMinute;
    const tokens = this.#tokensPerMinute;
    return {
      requestsPerMinute: requests,
      requestsRemaining: requests === undefined ? undefined : Math.max(0, Math.floor(requests - this.#requests)),
      tokensPerMinute: tokens,
      tokensRemaining: tokens === undefined ? undefined : Math.max(0, Math.round(tokens - this.#spent)),
      headroom: this.headroomAt(this.#clock.nowMs()),
    };
  }

  get #minuteFreeInMs(): number {
    const endMs = this.#minuteEndsAtMs - this.#clock.nowMs();
    const isAllSpent = isSpent(this.#requests + this.#share.othersRequests, this.#requestsPerMinute);
    return isAllSpent ? endMs : Math.min(endMs, SHARED_ANEW_MS);
  }

  /** Requests are to last for the rest of the minute: half of them at its half is no scarcity. */
  #requestHeadroom(nowMs: number): number {
    const limit = this.#requestLimit;
    if (limit === undefined) return 1;
    if (this.#requests >= limit) return 0;
    const restOfMinute = (this.#minuteEndsAtMs - nowMs) / MINUTE_MS;
    return Math.min(1, (1 - this.#requests / limit) / restOfMinute);
  }

  get #tokenHeadroom(): number {
    const limit = this.#tokenLimit;
    if (limit === undefined) return 1;
    if (this.#spent >= limit) return 0;
    const left = 1 - (this.#spent + this.#reserved) / limit;
    return Math.min(1, Math.max(left, MIN_HEADROOM) / SCARCE);
  }

  #tokensFreeInMs(reserved: number): number {
    const limit = this.#tokenLimit ?? 0;
    const isAllSpent = isSpent(this.#spent + this.#share.othersTokens, this.#tokensPerMinute);
    if (!isAllSpent) return SHARED_ANEW_MS;
    let spent = this.#spent + reserved;
    for (let age = SLOTS - 1; age >= 0; age--) {
      spent -= this.#tokens[(this.#slot - age + SLOTS * 2) % SLOTS] ?? 0;
      if (spent < limit) return (SLOTS - age) * SLOT_MS - (this.#clock.nowMs() % SLOT_MS);
    }
    return SLOTS * SLOT_MS - (this.#clock.nowMs() % SLOT_MS);
  }

  /** The wall clock is asked when the minute ought to be over, for it costs as much as the rest of a pick. */
  #rollMinute(nowMs: number): void {
    const wallMs = this.#clock.wallMs();
    const minute = Math.floor(wallMs / MINUTE_MS);
    if (minute !== this.#minute) this.#requests = 0;
    this.#minute = minute;
    this.#minuteEndsAtMs = nowMs + MINUTE_MS - (wallMs % MINUTE_MS);
  }

  #isThisMinute(atMs: number): boolean {
    return atMs >= this.#minuteEndsAtMs - MINUTE_MS;
  }

  #spend(tokens: number): void {
    const index = this.#slot % SLOTS;
    this.#tokens[index] = (this.#tokens[index] ?? 0) + tokens;
    this.#spent += tokens;
  }

  #roll(nowMs = this.#clock.nowMs()): void {
    if (nowMs >= this.#minuteEndsAtMs) this.#rollMinute(nowMs);
    const slot = Math.floor(nowMs / SLOT_MS);
    const steps = Math.min(slot - this.#slot, SLOTS);
    for (let step = 1; step <= steps; step++) {
      const index = (slot - steps + step) % SLOTS;
      this.#spent -= this.#tokens[index] ?? 0;
      this.#tokens[index] = 0;
    }
    if (steps > 0) this.#slot = slot;
    // Sums of floats drift; nothing can have been spent less than nothing.
    if (this.#spent < 0) this.#spent = 0;
  }
}

/** Whoever waited for the same moment inside the gateway is served first. */
const RETURN_MS = 250;

/** What is spoken for in full may yet be given back. */
const MIN_HEADROOM = 0.01;

function least(limit: number | undefined, share: number | undefined): number | undefined {
  return limit === undefined || share === undefined ? limit : Math.min(limit, share);
}

function isSpent(used: number, limit: number | undefined): boolean {
  return limit !== undefined && used >= limit;
}

function read(headers: UpstreamHeaders, name: string): number | undefined {
  const text = headers[name];
  if (typeof text !== 'string' || text === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
