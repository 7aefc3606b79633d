/** An attempt's stay at its target: the places it holds there, and how its end is told to each of them. */
import type { Clock } from '@leeward/kernel';
import type { Usage } from '@leeward/wire';
import type { Pass, Verdict } from './breaker.ts';
import type { Outcome } from './outcome.ts';

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

/** What a target does with the news of its attempts; one for all of them. */
export interface LeaseHost {
  /** The first content came after so long. */
  firstToken(lease: TargetLease, tookMs: number): void;
  /** A probe that had proven the target well broke off later. */
  faultAfterProof(): void;
  settled(lease: TargetLease, outcome: Outcome, usage: Usage | undefined): void;
}

export interface Passes {
  readonly breaker: Pass;
  readonly quarantine: Pass;
  /** Absent while the vendor has not spoken of capacity. */
  readonly capacity: Pass | undefined;
}

export class TargetLease implements Lease {
  readonly ask: Ask;
  /** Tokens booked in the quota's ledger. */
  readonly reserved: number;
  readonly startedAtMs: number;
  readonly #clock: Clock;
  readonly #passes: Passes;
  readonly #host: LeaseHost;
  #proven = false;
  #begunAtMs: number | undefined;
  /** Neighbours among those that wait for their first token, in order of their beginning. */
  older: TargetLease | undefined;
  younger: TargetLease | undefined;

  constructor(clock: Clock, ask: Ask, reserved: number, passes: Passes, host: LeaseHost) {
    this.#clock = clock;
    this.ask = ask;
    this.reserved = reserved;
    this.startedAtMs = clock.nowMs();
    this.#passes = passes;
    this.#host = host;
  }

  get begunAtMs(): number | undefined {
    return this.#begunAtMs;
  }

  begun(): void {
    if (this.#begunAtMs !== undefined) return;
    this.#begunAtMs = this.#clock.nowMs();
    this.#host.firstToken(this, this.#begunAtMs - this.startedAtMs);
    const { breaker, quarantine, capacity } = this.#passes;
    if (!breaker.probes && !quarantine.probes && capacity?.probes !== true) return;
    this.#proven = true;
    breaker.leave('success');
    quarantine.leave('success');
    capacity?.leave('success');
  }

  settle(outcome: Outcome, usage?: Usage): void {
    if (!this.#proven) {
      const { breaker, quarantine, capacity } = this.#passes;
      breaker.leave(breakerVerdict(outcome));
      quarantine.leave(quarantineVerdict(outcome));
      capacity?.leave(capacityVerdict(outcome));
    } else if (breakerVerdict(outcome) === 'fault') {
      this.#host.faultAfterProof();
    }
    this.#host.settled(this, outcome, usage);
  }
}

/** The breaker judges the target's health: an answer is an answer, even a refusal that blames the caller. */
export function breakerVerdict(outcome: Outcome): Verdict {
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

/** Whether the vendor has room for the model: a full house refuses before it looks at anything else. */
export function capacityVerdict(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'ok':
    case 'caller-fault':
      return 'success';
    case 'capacity':
      return 'fault';
    case 'quota':
    case 'fault':
    case 'credentials':
    case 'model-gone':
    case 'cancelled':
      return 'neutral';
  }
}
