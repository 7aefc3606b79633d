/**
 * A circuit breaker: opossum keeps the state while it is not closed, our trip rule decides.
 *
 * opossum's own rule (an error percentage over all calls) trips on a single failure or not at all, and its reset time
 * is fixed and runs on the wall clock. So its threshold is set out of reach, `open()` is called by our rule, and while
 * the breaker is closed there is no circuit: attempts are counted by our rule alone. (A call through opossum costs a
 * request as much as the rest of the breaker and its limiter, and a circuit would be most of a target's memory; of
 * thousands of targets a few are not closed.)
 *
 * The next probe is timed here: the wait doubles with each trip, drawn from its upper half so that breakers that opened
 * together do not probe together. At the probe time the open circuit is replaced by one born half-open (opossum's
 * documented `state` option), which admits exactly one live request: success closes, a fault opens again, and an outcome
 * that says nothing about the target (the client left, the quota is empty) makes room for another probe.
 */
import { EventEmitter } from 'node:events';
import type { Clock, Rng, Timer } from '@leeward/kernel';
import CircuitBreaker from 'opossum';
import type { BreakerOptions } from './options.ts';
import { type TripReason, TripRule } from './trip-rule.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** What an attempt said about its target. `neutral` says nothing. */
export type Verdict = 'success' | 'fault' | 'neutral';

export interface BreakerView {
  readonly state: BreakerState;
  readonly lastTrip: { readonly reason: TripReason; readonly agoMs: number } | undefined;
  /** Undefined unless open. */
  readonly nextProbeInMs: number | undefined;
  readonly successShare: number;
  readonly samples: number;
}

/** An attempt's stay inside the breaker. `leave` is called exactly once. */
export interface Pass {
  /** It is the one live request of a half-open breaker. */
  readonly probes: boolean;
  leave(verdict: Verdict): void;
}

export interface BreakerEvents {
  tripped(reason: TripReason): void;
  /** It closed again. */
  recovered?(): void;
  /**
   * Asked when a probe is due. One that another node is to make is left to it, and asked for again after the same wait.
   * @param leftForMs how long it has been left already
   */
  mayProbe?(leftForMs: number): boolean;
}

type Circuit = CircuitBreaker<[Promise<void>], void>;

export class Breaker {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #options: BreakerOptions;
  readonly #events: BreakerEvents;
  readonly #rule: TripRule;
  /** Undefined while closed. */
  #circuit: Circuit | undefined;
  /** What every attempt holds that entered since it was last closed. */
  #door = this.#newDoor();
  #trips = 0;
  #lastTrip: { reason: TripReason; atMs: number; samples: number } | undefined;
  #probe: { atMs: number; timer: Timer } | undefined;
  /** For how long the probe that is due has been left to another node. */
  #leftForMs = 0;
  #halfOpenSinceMs = 0;
  #isOver = false;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: { clock: Clock; rng: Rng }, options: BreakerOptions, events: BreakerEvents) {
    this.#clock = deps.clock;
    this.#rng = deps.rng;
    this.#options = options;
    this.#events = events;
    this.#rule = new TripRule(options);
  }

  get state(): BreakerState {
    if (this.#isOver) return 'open';
    if (this.#circuit === undefined) return 'closed';
    return this.#circuit.halfOpen ? 'half-open' : 'open';
  }

  /** Whether an attempt may enter now: closed, or half-open with the probe not yet taken. */
  get admits(): boolean {
    if (this.#isOver) return false;
    return this.#circuit === undefined || (this.#circuit.halfOpen && this.#circuit.pendingClose);
  }

  /** Milliseconds until the next probe may enter; 0 unless open. */
  get probeInMs(): number {
    return this.state === 'open' && this.#probe !== undefined ? Math.max(0, this.#probe.atMs - this.#clock.nowMs()) : 0;
  }

  /** No traffic came to probe it with, or none that told anything: that it is not closed tells nothing any more. */
  get isForgotten(): boolean {
    return this.state === 'half-open' && this.admits && this.#clock.nowMs() - this.#halfOpenSinceMs > FORGOTTEN_MS;
  }

  /** Attempts behind its last trip, those before the first one and the failed probes since then. */
  get tripSamples(): number {
    return this.#lastTrip?.samples ?? 0;
  }

  /** Since a probe last closed it; infinite when none did. */
  get recoveredAgoMs(): number {
    return this.#clock.nowMs() - this.#recoveredAtMs;
  }

  enter(): Pass | undefined {
    if (!this.admits) return undefined;
    return this.#circuit === undefined ? this.#door : this.#probePass(this.#circuit);
  }

  /**
   * An attempt that asks although the breaker is open, because there is nobody else to ask: its success closes it, its
   * failure tells nothing new.
   */
  enterInPanic(): Pass {
    return {
      probes: true,
      leave: (verdict) => {
        if (verdict === 'success') this.#circuit?.close();
      },
    };
  }

  /** Others found the target ill: one fault is enough to believe them. */
  suspect(isSuspect: boolean): void {
    this.#rule.isSuspect = isSuspect;
  }

  /** A sibling at the same vendor is well again: the next probe need not wait for its turn. */
  probeSoon(): void {
    if (this.state !== 'open' || this.probeInMs <= SOON_MS) return;
    this.#probe?.timer.cancel();
    this.#probeAfter(SOON_MS * this.#rng(), () => this.#beginProbing());
  }

  /** Opens it by hand, as an operator or a peer's evidence may. */
  trip(reason: TripReason): void {
    if (this.state === 'open') return;
    const atMs = this.#clock.nowMs();
    this.#lastTrip = { reason, atMs, samples: this.#rule.samples(atMs) };
    this.#circuit ??= this.#newCircuit('closed');
    this.#circuit.open();
  }

  view(): BreakerView {
    const nowMs = this.#clock.nowMs();
    const { share, samples } = this.#rule.rate(nowMs);
    const trip = this.#lastTrip;
    return {
      state: this.state,
      // Relative, because a reader has no part in our monotonic clock.
      lastTrip: trip === undefined ? undefined : { reason: trip.reason, agoMs: Math.round(nowMs - trip.atMs) },
      nextProbeInMs: this.state === 'open' ? Math.round(this.probeInMs) : undefined,
      successShare: share,
      samples,
    };
  }

  /** Stops its timer; nobody enters any more. */
  close(): void {
    this.#isOver = true;
    this.#probe?.timer.cancel();
    this.#circuit?.shutdown();
  }

  /** Stateless, so that one serves all attempts of a time of being closed: those that outlive it tell nothing new. */
  #newDoor(): Pass {
    const door: Pass = {
      probes: false,
      leave: (verdict) => {
        if (door !== this.#door || this.#circuit !== undefined || verdict === 'neutral') return;
        if (verdict === 'success') {
          this.#rule.recordSuccess(this.#clock.nowMs());
          return;
        }
        const reason = this.#rule.recordFault(this.#clock.nowMs());
        if (reason !== undefined) this.trip(reason);
      },
    };
    return door;
  }

  /** The one live request of a half-open circuit: opossum acts on how it ends. */
  #probePass(circuit: Circuit): Pass {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The rejection is the verdict's way into opossum, which has acted on it by then; there is no one else to tell.
    circuit.fire(promise).catch(() => undefined);
    return {
      probes: true,
      leave: (verdict) => {
        // An attempt in panic may have closed it meanwhile.
        if (circuit !== this.#circuit || !circuit.halfOpen) return;
        switch (verdict) {
          case 'success':
            resolve();
            return;
          case 'fault':
            this.#lastTrip = {
              reason: 'probe-failed',
              atMs: this.#clock.nowMs(),
              samples: 1 + (this.#lastTrip?.samples ?? 0),
            };
            reject(new Error('probe failed'));
            return;
          case 'neutral':
            // Settling it either way would be a claim; a fresh half-open circuit lets another request make it.
            this.#halfOpen();
            return;
        }
      },
    };
  }

  #opened(): void {
    this.#trips++;
    this.#rule.reset();
    const ceilingMs = Math.min(this.#options.maxProbeAfterMs, this.#options.probeAfterMs * 2 ** (this.#trips - 1));
    const waitMs = ceilingMs * (0.5 + this.#rng() / 2);
    this.#leftForMs = 0;
    this.#probeAfter(waitMs, () => this.#probeIsDue(waitMs));
    this.#events.tripped(this.#lastTrip?.reason ?? 'by-operator');
  }

  #probeAfter(waitMs: number, run: () => void): void {
    this.#probe = { atMs: this.#clock.nowMs() + waitMs, timer: this.#clock.after(waitMs, run) };
  }

  #probeIsDue(waitedMs: number): void {
    if (this.#events.mayProbe?.(this.#leftForMs) === false) {
      this.#leftForMs += waitedMs;
      this.#probeAfter(waitedMs, () => this.#probeIsDue(waitedMs));
    } else this.#beginProbing();
  }

  #beginProbing(): void {
    this.#halfOpenSinceMs = this.#clock.nowMs();
    this.#halfOpen();
  }

  #halfOpen(): void {
    this.#circuit?.shutdown();
    this.#circuit = this.#newCircuit('half-open');
  }

  #newCircuit(state: 'closed' | 'half-open'): Circuit {
    const circuit: Circuit = new CircuitBreaker((attempt: Promise<void>) => attempt, {
      timeout: false,
      // Out of reach: our rule trips, and our timer probes.
      errorThresholdPercentage: Number.POSITIVE_INFINITY,
      resetTimeout: NEVER_MS,
      enableSnapshots: false,
      rollingPercentilesEnabled: false,
      // Nothing rotates: a circuit sees no call but its probe, and its statistics are read by no one.
      rotateBucketController: new EventEmitter(),
      ...(state === 'half-open' ? { state: HALF_OPEN } : {}),
    });
    circuit.on('open', () => this.#opened());
    circuit.on('close', () => {
      circuit.shutdown();
      this.#circuit = undefined;
      this.#door = this.#newDoor();
      this.#probe?.timer.cancel();
      this.#trips = 0;
      this.#recoveredAtMs = this.#clock.nowMs();
      this.#rule.reset();
      this.#events.recovered?.();
    });
    return circuit;
  }
}

/** An outage of a whole vendor ends for all of its targets together; the spread keeps their probes apart. */
const SOON_MS = 1000;

/** Who has traffic makes a probe within seconds. */
const FORGOTTEN_MS = 10_000;

/** The longest delay that setTimeout takes. */
const NEVER_MS = 2 ** 31 - 1;

const HALF_OPEN = { enabled: true, closed: false, halfOpen: true, warmUp: false, shutdown: false };
