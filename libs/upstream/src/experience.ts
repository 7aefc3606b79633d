/**
 * What a target's attempts have taught, and what it makes of it: one figure by which siblings are compared.
 *
 *   load = expected first-token time × slowness × crowding × price of recent faults ÷ headroom of its quota
 *
 * Each factor is 1 for what is usual. Crowding compares the requests in flight for its weight with its siblings'. Below
 * the mean it matters little, so that a slow target is not asked only because it stands empty; above, steeply, because a
 * queue shows in the first-token times only when it is too late. Slowness is for what is no longer a matter of degree.
 */
import type { Clock } from '@leeward/kernel';
import type { Usage } from '@leeward/wire';
import { FaultShare, priceOf } from './fault-share.ts';
import { FirstTokenTime, type Speed } from './first-token-time.ts';
import { Hearsay, type Word } from './hearsay.ts';
import { breakerVerdict, type TargetLease } from './lease.ts';
import type { Outcome } from './outcome.ts';
import { SlowStart } from './slow-start.ts';
import { WaitingLine } from './waiting-line.ts';

/** What the members of a pool are measured against. */
export interface PoolMeans {
  /** Of the learned first-token times, for a prompt of a thousand tokens; the lower one of an even number. */
  readonly firstTokenMs: number;
  /** Mean requests running at a member, for a weight of 1; of those members that get traffic. */
  readonly inFlight: number;
}

/** A quota that is all but spent makes its targets a hundred times dearer, and never infinitely so. */
const LEAST_HEADROOM = 0.01;

/** A crowd of twice the mean counts more than sixtyfold: as a queue grows once all of an upstream's slots are taken. */
const CROWDED_POWER = 6;

/** Past three times the median first-token time a target is ill rather than far away or old. */
const SLOW = 3;

export class Experience {
  readonly slowStart: SlowStart;
  readonly #clock: Clock;
  readonly #speed: FirstTokenTime;
  readonly #faults: FaultShare;
  readonly #line = new WaitingLine();
  /** What other nodes have learned of it. */
  readonly hearsay: Hearsay;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#speed = new FirstTokenTime(clock);
    this.#faults = new FaultShare(clock);
    this.slowStart = new SlowStart(clock);
    this.hearsay = new Hearsay(clock);
  }

  get speed(): Speed {
    return this.#speed.speed;
  }

  /** Here, or else by other nodes. */
  get learnedMs(): number | undefined {
    return this.#speed.learnedMs ?? this.hearsay.heardMs;
  }

  get faultShare(): number {
    return this.#faults.share(this.#clock.nowMs());
  }

  hear(word: Word): void {
    this.hearsay.hear(word, this.#speed.samples);
  }

  load(nowMs: number, means: PoolMeans, inFlight: number, weight: number, headroom: number): number {
    const ownMs = this.#speed.expectedMs(nowMs, means.firstTokenMs, this.#line.oldestWaitMs(nowMs));
    const expectedMs = this.hearsay.firstTokenMs(ownMs);
    const slowness = Math.max(1, expectedMs / (SLOW * means.firstTokenMs));
    // Without a weight it is out of rotation, and its load is for people only.
    const crowd = weight === 0 ? 0 : inFlight / (weight * (1 + means.inFlight));
    const crowding = (1 + crowd) * Math.max(1, crowd) ** CROWDED_POWER;
    const price = slowness * crowding * priceOf(this.hearsay.faultShare(this.#faults.share(nowMs)));
    return (expectedMs * price) / Math.max(LEAST_HEADROOM, headroom);
  }

  /** Its faults were not its own. */
  forgive(): void {
    this.#faults.forget();
  }

  started(lease: TargetLease): void {
    // A whole answer takes as long as it has tokens: its silence tells nothing.
    if (lease.ask.stream) this.#line.join(lease);
  }

  firstToken(lease: TargetLease, tookMs: number, inFlight: number): void {
    this.#line.leave(lease);
    this.#answered(tookMs, lease.ask.promptTokens, inFlight);
    this.#speed.observeFirst(tookMs, lease.ask.promptTokens);
  }

  settled(lease: TargetLease, outcome: Outcome, usage: Usage | undefined, inFlight: number): void {
    this.#line.leave(lease);
    const verdict = breakerVerdict(outcome);
    if (verdict !== 'neutral') this.#faults.record(verdict === 'fault');
    if (verdict === 'fault') this.slowStart.failed();
    else if (verdict === 'success') this.hearsay.wentWell();
    const nowMs = this.#clock.nowMs();
    const tookMs = nowMs - lease.startedAtMs;
    if (lease.begunAtMs !== undefined) {
      if (outcome.kind === 'ok' && usage !== undefined) {
        this.#speed.observeTokens(nowMs - lease.begunAtMs, usage.completionTokens);
      }
    } else if (lease.ask.stream) this.#waitedInVain(lease, outcome, tookMs);
    else if (outcome.kind === 'ok') {
      this.#answered(tookMs, lease.ask.promptTokens, inFlight);
      this.#speed.observeWhole(tookMs, lease.ask.promptTokens, usage?.completionTokens ?? 0);
    }
  }

  /**
   * A timeout, or a client or a hedge that gave up waiting: the first token takes at least as long. Only where that is
   * news: a refusal within milliseconds must not look like speed.
   */
  #waitedInVain({ ask }: TargetLease, outcome: Outcome, tookMs: number): void {
    if (outcome.kind !== 'fault' && outcome.kind !== 'cancelled') return;
    if (this.#speed.isLate(tookMs, ask.promptTokens)) this.#speed.observeAtLeast(tookMs, ask.promptTokens);
  }

  #answered(tookMs: number, promptTokens: number, inFlight: number): void {
    this.slowStart.answered(inFlight, this.#speed.isUsual(tookMs, promptTokens));
  }
}
