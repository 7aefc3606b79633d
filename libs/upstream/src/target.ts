/**
 * One target: a provider's key used for one model. It knows whether it may be asked now, sends, and learns from the
 * outcome. What is shared with other targets (the key's quarantine, the group's quota, the provider's sockets) it
 * refers to; what is its own (breaker, cooldown, in flight) it holds.
 */
import type { Clock, Rng } from '@leeward/kernel';
import type { Usage } from '@leeward/wire';
import { account } from './quota/accounting.ts';
import { Breaker } from './breaker.ts';
import { Cooldown } from './cooldown.ts';
import type { TargetEvidence } from './evidence.ts';
import { Experience, type PoolMeans } from './experience.ts';
import { NAIVE_FIRST_MS, type Speed } from './first-token-time.ts';
import type { Word } from './hearsay.ts';
import {
  type Ask,
  breakerVerdict,
  capacityVerdict,
  type Lease,
  type LeaseHost,
  type Passes,
  TargetLease,
} from './lease.ts';
import type { BreakerOptions } from './options.ts';
import { type Outcome, outcomeReason } from './outcome.ts';
import { type Key, MODEL_GONE_MS, type Provider } from './provider.ts';
import type { Quota } from './quota/quota.ts';
import type { TargetState, TargetView } from './target-view.ts';
import type { InFlight, Receiver, UpstreamHeaders } from './transport.ts';
import type { TripReason } from './trip-rule.ts';

export interface TargetDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Something happened that other nodes should know at once: a breaker that opened or closed, an ordered wait. */
  readonly onNews?: (() => void) | undefined;
  readonly onTrip: (target: Target, reason: TripReason) => void;
}

/**
 * A vendor without room for a model says so to everyone, and has some again within seconds or minutes. So a few refusals in
 * a row put the target aside, with probes that begin early and stay frequent; a refusal now and then does not, for it costs
 * no more than an attempt elsewhere.
 */
const CAPACITY: BreakerOptions = {
  consecutiveFaults: 3,
  minSuccessRate: 0.5,
  windowMs: 10_000,
  minSamples: 20,
  probeAfterMs: 1000,
  maxProbeAfterMs: 15_000,
};

/** With no sibling to be compared with. */
const ALONE: PoolMeans = { firstTokenMs: NAIVE_FIRST_MS, inFlight: 0 };

export class Target {
  readonly id: string;
  readonly provider: Provider;
  readonly key: Key;
  readonly model: string;
  readonly #breaker: Breaker;
  readonly #cooldown: Cooldown;
  readonly quota: Quota;
  /** What its vendor counts limits on: `provider/group/model`. */
  readonly quotaId: string;
  readonly #gone: Cooldown;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #basePath: string;
  readonly #experience: Experience;
  readonly #host: LeaseHost = {
    firstToken: (lease, tookMs) => {
      this.#experience.firstToken(lease, tookMs, this.#inFlight);
      if (lease === this.#tester) this.#experience.hearsay.disproved();
    },
    faultAfterProof: () => this.#breaker.enter()?.leave('fault'),
    settled: (lease, outcome, usage) => this.#settle(lease, outcome, usage),
  };
  readonly #deps: TargetDeps;
  /** Made when the vendor first says that it is full. */
  #capacity: Breaker | undefined;
  #inFlight = 0;
  #draining = false;
  /** Asks in spite of others' word. */
  #tester: TargetLease | undefined;
  #lastOutcome = '';

  constructor(deps: TargetDeps, provider: Provider, key: Key, model: string) {
    this.id = `${provider.name}/${key.name}/${model}`;
    this.provider = provider;
    this.key = key;
    this.model = model;
    this.#deps = deps;
    this.#breaker = this.#newBreaker(provider.options.breaker);
    this.#experience = new Experience(deps.clock);
    this.#cooldown = new Cooldown(deps.clock);
    this.quota = provider.quota(key.quotaGroup, model);
    this.quotaId = `${provider.name}/${key.quotaGroup}/${model}`;
    this.#gone = provider.goneModel(model);
    this.#basePath = new URL(provider.options.baseUrl).pathname.replace(/\/$/, '');
    this.#headers = Object.freeze({
      authorization: `Bearer ${key.secret.reveal()}`,
      'content-type': 'application/json',
      'user-agent': 'leeward',
      // Compressed answers could not be scanned or relayed event by event.
      'accept-encoding': 'identity',
    });
  }

  get state(): TargetState {
    if (this.#draining) return 'draining';
    if (!this.key.quarantine.admits) return 'key-quarantined';
    if (this.#gone.active) return 'model-gone';
    if (this.quota.cooldown.active || this.quota.ledger.isExhausted) return 'quota-cooldown';
    if (this.#cooldown.active) return 'cooldown';
    if (this.#experience.hearsay.isHeld) return 'held';
    if (!this.#breaker.admits) return 'breaker-open';
    if (this.#capacity?.admits === false) return 'no-capacity';
    if (!this.#experience.slowStart.admits(this.#inFlight)) return 'slow-start';
    if (this.#inFlight >= this.key.maxInFlight) return 'full';
    return 'available';
  }

  get available(): boolean {
    return this.state === 'available';
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Why other nodes say to leave it alone; undefined when nobody does. */
  get heldFor(): string | undefined {
    return this.#experience.hearsay.holdReason;
  }

  /** Of all nodes, as far as is known: what crowds it. */
  get crowd(): number {
    return this.#inFlight + this.#experience.hearsay.inFlight;
  }

  get speed(): Speed {
    return this.#experience.speed;
  }

  /** The learned first-token time for a prompt of a thousand tokens; undefined before the first. */
  get learnedMs(): number | undefined {
    return this.#experience.learnedMs;
  }

  /** What its quota has left, from 1, plenty, to 0, nothing. */
  get headroom(): number {
    return this.quota.ledger.headroomAt(this.#deps.clock.nowMs());
  }

  /** For people: as in a pool of its own. */
  get load(): number {
    return this.loadAmong(this.#deps.clock.nowMs(), ALONE, this.key.weight);
  }

  /** What siblings are compared by, in milliseconds of a first token's time, more or less. */
  loadAmong(nowMs: number, means: PoolMeans, weight: number): number {
    return this.#experience.load(nowMs, means, this.crowd, weight, this.quota.ledger.headroomAt(nowMs));
  }

  /** An operator's or a reload's wish: no new requests, the running ones end. */
  drain(): void {
    this.#draining = true;
  }

  undrain(): void {
    this.#draining = false;
  }

  /** Takes a place in breaker and limiter; undefined when there is none, though `available` may have said so before. */
  enter(ask: Ask): Lease | undefined {
    if (!this.available) return undefined;
    const quarantine = this.key.quarantine.enter();
    const breaker = this.#breaker.enter();
    const capacity = this.#capacity?.enter();
    if (quarantine === undefined || breaker === undefined || (this.#capacity !== undefined && capacity === undefined)) {
      for (const pass of [quarantine, breaker, capacity]) pass?.leave('neutral');
      return undefined;
    }
    return this.#lease(ask, { quarantine, breaker, capacity });
  }

  /** Whether nothing but its health, which may be out of date, or others' word speaks against it. */
  get canPanic(): boolean {
    switch (this.state) {
      case 'breaker-open':
      case 'no-capacity':
      case 'slow-start':
        return this.#inFlight < this.key.maxInFlight;
      case 'held':
        return this.#inFlight < this.key.maxInFlight && this.#experience.hearsay.mayTest;
      case 'available':
      case 'draining':
      case 'key-quarantined':
      case 'model-gone':
      case 'quota-cooldown':
      case 'cooldown':
      case 'full':
        return false;
    }
  }

  /** Asks although its health says no: for an exchange that has nobody else to ask. */
  enterInPanic(ask: Ask): Lease | undefined {
    if (!this.canPanic) return undefined;
    const isTest = this.#experience.hearsay.isHeld;
    const quarantine = this.key.quarantine.enter();
    if (quarantine === undefined) return undefined;
    const breaker = this.#breaker.enter() ?? this.#breaker.enterInPanic();
    const capacity = this.#capacity?.enter() ?? this.#capacity?.enterInPanic();
    const lease = this.#lease(ask, { quarantine, breaker, capacity });
    if (!isTest) return lease;
    this.#experience.hearsay.test();
    this.#tester = lease;
    return lease;
  }

  send(path: string, accept: string, body: Buffer, receiver: Receiver): InFlight {
    const headers = { ...this.#headers, accept };
    return this.provider.transport.send({ method: 'POST', path: this.#basePath + path, headers, body }, receiver);
  }

  /** What this node alone has learned of it. */
  get evidence(): TargetEvidence {
    const { firstTokenMs, agoMs = 0, samples } = this.#experience.speed;
    const { state, lastTrip } = this.#breaker.view();
    // One that was confirmed rests on what others said; told on, it would come back to them as news.
    const isOwn = state !== 'closed' && lastTrip?.reason !== 'confirmed' && !this.#breaker.isForgotten;
    return {
      firstTokenMs,
      samples,
      ageMs: agoMs,
      inFlight: this.#inFlight,
      faultShare: this.#experience.faultShare,
      trip:
        lastTrip === undefined || !isOwn
          ? undefined
          : { reason: lastTrip.reason, samples: this.#breaker.tripSamples, ageMs: lastTrip.agoMs },
    };
  }

  /** What its vendor ordered, of the target, its quota, its model; 0 for nothing. */
  get orderedWaits(): { readonly target: number; readonly quota: number; readonly model: number } {
    return {
      target: this.#cooldown.remainingMs,
      quota: this.quota.cooldown.remainingMs,
      model: this.#gone.remainingMs,
    };
  }

  /** What other nodes say of it, all together. */
  hear(word: Word): void {
    this.#experience.hear(word);
    this.#breaker.suspect(this.#experience.hearsay.isSuspect);
  }

  /** Rate limits as the answer's headers tell them. */
  observe(headers: UpstreamHeaders, askedAtMs: number): void {
    this.quota.ledger.observe(headers, askedAtMs);
  }

  /** How long until it may be asked again, as far as is known; 0 when it may be asked now. */
  get freeInMs(): number {
    return Math.max(this.#restMs, this.quota.ledger.freeInMs);
  }

  /** What a client is told that is to come back: by then, what is in flight will have been counted too. */
  get retryInMs(): number {
    return Math.max(this.#restMs, this.quota.ledger.surelyFreeInMs);
  }

  get #restMs(): number {
    return Math.max(
      this.#gone.remainingMs,
      this.quota.cooldown.remainingMs,
      this.#cooldown.remainingMs,
      this.#experience.hearsay.heldForMs,
      this.#breaker.probeInMs,
      this.#capacity?.probeInMs ?? 0,
      this.key.quarantine.probeInMs,
    );
  }

  view(): TargetView {
    return {
      id: this.id,
      provider: this.provider.name,
      key: this.key.name,
      model: this.model,
      state: this.state,
      inFlight: this.#inFlight,
      weight: this.key.weight,
      freeInMs: Math.round(this.freeInMs),
      firstTokenMs: this.speed.firstTokenMs,
      tokenMs: this.speed.tokenMs,
      faultShare: this.#experience.faultShare,
      slowStartWindow: this.#experience.slowStart.window,
      heldFor: this.heldFor,
      breaker: this.#breaker.view(),
      quarantine: this.key.quarantine.view(),
      capacity: this.#capacity?.view(),
      quotaGroup: this.quota.group,
      quota: this.quota.ledger.view,
      lastOutcome: this.#lastOutcome,
    };
  }

  close(): void {
    for (const breaker of [this.#breaker, this.#capacity]) {
      if (breaker === undefined) continue;
      this.provider.ailing.delete(breaker);
      breaker.close();
    }
  }

  #lease(ask: Ask, passes: Passes): TargetLease {
    const { clock } = this.#deps;
    const reserved = this.quota.ledger.reserve(ask.promptTokens);
    const lease = new TargetLease(clock, ask, reserved, passes, this.#host);
    this.#inFlight++;
    this.#experience.started(lease);
    return lease;
  }

  #settle(lease: TargetLease, outcome: Outcome, usage: Usage | undefined): void {
    this.#experience.settled(lease, outcome, usage, this.#inFlight);
    this.#breaker.suspect(this.#experience.hearsay.isSuspect);
    if (lease === this.#tester) {
      this.#tester = undefined;
      if (breakerVerdict(outcome) === 'success') this.#experience.hearsay.disproved();
    }
    this.#inFlight--;
    account(this.quota, lease, outcome, usage);
    const reason = outcomeReason(outcome);
    if (outcome.kind !== 'cancelled') this.#lastOutcome = reason === '' ? outcome.kind : `${outcome.kind}: ${reason}`;
    switch (outcome.kind) {
      case 'quota':
        this.quota.refused(outcome);
        this.#deps.onNews?.();
        return;
      case 'model-gone':
        this.#gone.order(MODEL_GONE_MS);
        this.#deps.onNews?.();
        return;
      case 'capacity':
        if (this.#capacity === undefined) {
          this.#capacity = this.#newBreaker(CAPACITY, 'no-capacity');
          // This lease is from before there was a breaker that it could have passed.
          this.#capacity.enter()?.leave(capacityVerdict(outcome));
        }
        this.#coolDown(outcome.retryAfterMs);
        return;
      case 'fault':
        this.#coolDown(outcome.retryAfterMs);
        return;
      case 'ok':
      case 'credentials':
      case 'caller-fault':
      case 'cancelled':
        return;
    }
  }

  #coolDown(forMs: number | undefined): void {
    if (forMs === undefined) return;
    this.#cooldown.order(forMs);
    this.#deps.onNews?.();
  }

  #newBreaker(options: BreakerOptions, cause?: TripReason): Breaker {
    const { ailing } = this.provider;
    const breaker = new Breaker(this.#deps, options, {
      tripped: (reason) => {
        ailing.set(breaker, () => {
          breaker.probeSoon();
          this.#experience.forgive();
        });
        this.#deps.onTrip(this, cause ?? reason);
        this.#deps.onNews?.();
      },
      recovered: () => {
        ailing.delete(breaker);
        this.#experience.slowStart.begin();
        // What fails at one vendor together mostly comes back together; and then none of them is worse than the others.
        if (ailing.size > 0) this.#experience.forgive();
        for (const siblingRecovered of ailing.values()) siblingRecovered();
        this.#deps.onNews?.();
      },
    });
    return breaker;
  }
}
