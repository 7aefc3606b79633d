/**
 * One target: a provider's key used for one model. It knows whether it may be asked now, sends, and learns from the
 * outcome. What is shared with other targets (the key's quarantine, the group's quota, the provider's sockets) it
 * refers to; what is its own (breaker, cooldown, in flight) it holds.
 */
import type { Clock, Rng } from '@leeward/kernel';
import type { Usage } from '@leeward/wire';
import { Breaker, type BreakerView, type Pass, type Verdict } from './breaker.ts';
import { Cooldown } from './cooldown.ts';
import { type Outcome, outcomeReason } from './outcome.ts';
import { type Key, MODEL_GONE_MS, type Provider, type Quota } from './provider.ts';
import type { QuotaView } from './quota-reading.ts';
import type { InFlight, Receiver, UpstreamHeaders } from './transport.ts';
import type { TripReason } from './trip-rule.ts';

/** Why a target cannot be asked now; `available` when it can. */
export type TargetState =
  | 'available'
  | 'draining'
  | 'key-quarantined'
  | 'model-gone'
  | 'quota-cooldown'
  | 'cooldown'
  | 'breaker-open'
  | 'full';

export interface TargetView {
  readonly id: string;
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  readonly state: TargetState;
  readonly inFlight: number;
  readonly weight: number;
  readonly freeInMs: number;
  readonly breaker: BreakerView;
  readonly quarantine: BreakerView;
  readonly quotaGroup: string;
  readonly quota: QuotaView;
  readonly lastOutcome: string;
}

/** What is known of an attempt's size before it is sent. */
export interface Ask {
  /** An estimate; see estimatePromptTokens. */
  readonly promptTokens: number;
  readonly stream: boolean;
}

/** What an attempt holds while it runs. Exactly one `settle`. */
export interface Lease {
  /**
   * The first content of a stream is here: proof enough for a probe, whose end may be minutes away. Breaking off later
   * still counts.
   */
  begun(): void;
  /** `usage` as the upstream counted it; undefined when it did not say. */
  settle(outcome: Outcome, usage?: Usage): void;
}

export class Target {
  readonly id: string;
  readonly provider: Provider;
  readonly key: Key;
  readonly model: string;
  readonly #breaker: Breaker;
  readonly #cooldown: Cooldown;
  readonly #quota: Quota;
  readonly #gone: Cooldown;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #basePath: string;
  /** One for all leases: what this target does with an ended attempt. */
  readonly #ending: LeaseEnding = {
    faultAfterProof: () => this.#breaker.enter()?.leave('fault'),
    settled: (outcome) => this.#settle(outcome),
  };
  #inFlight = 0;
  #draining = false;
  #lastOutcome = '';

  constructor(
    deps: { clock: Clock; rng: Rng; onTrip: (target: Target, reason: TripReason) => void },
    provider: Provider,
    key: Key,
    model: string,
  ) {
    this.id = `${provider.name}/${key.name}/${model}`;
    this.provider = provider;
    this.key = key;
    this.model = model;
    this.#breaker = new Breaker(deps, provider.options.breaker, (reason) => deps.onTrip(this, reason));
    this.#cooldown = new Cooldown(deps.clock);
    this.#quota = provider.quota(key.quotaGroup, model);
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
    if (this.#quota.cooldown.active) return 'quota-cooldown';
    if (this.#cooldown.active) return 'cooldown';
    if (!this.#breaker.admits) return 'breaker-open';
    if (this.#inFlight >= this.key.maxInFlight) return 'full';
    return 'available';
  }

  get available(): boolean {
    return this.state === 'available';
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Relative load for pickers. Until latency is learned it is the requests in flight, this one included. */
  get load(): number {
    return this.#inFlight + 1;
  }

  /** An operator's or a reload's wish: no new requests, the running ones end. */
  drain(): void {
    this.#draining = true;
  }

  /** Takes a place in breaker and limiter; undefined when there is none, though `available` may have said so before. */
  enter(_ask: Ask): Lease | undefined {
    if (!this.available) return undefined;
    const quarantinePass = this.key.quarantine.enter();
    const breakerPass = this.#breaker.enter();
    if (quarantinePass === undefined || breakerPass === undefined) {
      quarantinePass?.leave('neutral');
      breakerPass?.leave('neutral');
      return undefined;
    }
    this.#inFlight++;
    return new TargetLease(breakerPass, quarantinePass, this.#ending);
  }

  send(path: string, accept: string, body: Buffer, receiver: Receiver): InFlight {
    const headers = { ...this.#headers, accept };
    return this.provider.transport.send({ method: 'POST', path: this.#basePath + path, headers, body }, receiver);
  }

  /** Rate limits as the answer's headers tell them. */
  observe(headers: UpstreamHeaders): void {
    this.#quota.reading.observe(headers);
  }

  /** How long until it may be asked again, as far as is known; 0 when it may be asked now. */
  get freeInMs(): number {
    const waits = [
      this.#gone.remainingMs,
      this.#quota.cooldown.remainingMs,
      this.#cooldown.remainingMs,
      this.#breaker.probeInMs,
      this.key.quarantine.probeInMs,
    ];
    return Math.max(...waits);
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
      breaker: this.#breaker.view(),
      quarantine: this.key.quarantine.view(),
      quotaGroup: this.#quota.group,
      quota: this.#quota.reading.view,
      lastOutcome: this.#lastOutcome,
    };
  }

  close(): void {
    this.#breaker.close();
  }

  #settle(outcome: Outcome): void {
    this.#inFlight--;
    const reason = outcomeReason(outcome);
    if (outcome.kind !== 'cancelled') this.#lastOutcome = reason === '' ? outcome.kind : `${outcome.kind}: ${reason}`;
    switch (outcome.kind) {
      case 'quota':
        this.#quota.cooldown.order(outcome.retryAfterMs);
        return;
      case 'model-gone':
        this.#gone.order(MODEL_GONE_MS);
        return;
      case 'fault':
      case 'capacity':
        if (outcome.retryAfterMs !== undefined) this.#cooldown.order(outcome.retryAfterMs);
        return;
      case 'ok':
      case 'credentials':
      case 'caller-fault':
      case 'cancelled':
        return;
    }
  }
}

interface LeaseEnding {
  /** A probe that had proven the target well broke off later. */
  faultAfterProof(): void;
  settled(outcome: Outcome): void;
}

class TargetLease implements Lease {
  readonly #breakerPass: Pass;
  readonly #quarantinePass: Pass;
  readonly #ending: LeaseEnding;
  #proven = false;

  constructor(breakerPass: Pass, quarantinePass: Pass, ending: LeaseEnding) {
    this.#breakerPass = breakerPass;
    this.#quarantinePass = quarantinePass;
    this.#ending = ending;
  }

  begun(): void {
    if (this.#proven || !(this.#breakerPass.probes || this.#quarantinePass.probes)) return;
    this.#proven = true;
    this.#breakerPass.leave('success');
    this.#quarantinePass.leave('success');
  }

  settle(outcome: Outcome, _usage?: Usage): void {
    if (!this.#proven) {
      this.#breakerPass.leave(breakerVerdict(outcome));
      this.#quarantinePass.leave(quarantineVerdict(outcome));
    } else if (breakerVerdict(outcome) === 'fault') {
      this.#ending.faultAfterProof();
    }
    this.#ending.settled(outcome);
  }
}

/** The breaker judges the target's health: an answer is an answer, even a refusal that blames the caller. */
function breakerVerdict(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'ok':
    case 'caller-fault':
      return 'success';
    case 'fault':
      // Running out of the caller's own time says nothing about the target; nor does a model's going on in other words
      // than those it was given: it answered.
      return outcome.reason === 'deadline' || outcome.reason === 'diverged' ? 'neutral' : 'fault';
    case 'quota':
    case 'capacity':
    case 'credentials':
    case 'model-gone':
    case 'cancelled':
      return 'neutral';
  }
}

/** The quarantine judges the key: whatever is said after the door was opened proves that it opens. */
function quarantineVerdict(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'ok':
    case 'caller-fault':
    case 'quota':
    case 'capacity':
    case 'model-gone':
      return 'success';
    case 'credentials':
      return 'fault';
    case 'fault':
    case 'cancelled':
      return 'neutral';
  }
}
