/**
 * What the other nodes say of a target, taken together, and how far it counts here. It makes careful and never blind:
 *
 * - a wait is obeyed for as long as it is said; but where there is nobody else to ask, it is put to the test now and then,
 *   and what we find then outranks it: many voices may be one enemy's;
 * - figures are weighed against our own by the samples behind them, at half their weight and up to a bound: what others
 *   see passes through their network, and ours is what our clients get;
 * - an open breaker elsewhere opens none here: it makes the target dearer, and one fault of our own is then enough; until
 *   it has served us well for a while, for then it is their network that fails.
 */
import type { Clock } from '@leeward/kernel';

/** Plain data, from whoever gathers it. */
export interface Word {
  /** From now on; 0 when nobody says so. */
  readonly heldForMs: number;
  readonly holdReason: string | undefined;
  /** For a prompt of a thousand tokens. */
  readonly firstTokenMs: number | undefined;
  readonly faultShare: number;
  /** Behind these figures; less the older they are. */
  readonly samples: number;
  readonly inFlight: number;
  /** Nodes whose breaker is open, each weighed by what it has seen, how long ago, and its own health. */
  readonly trips: number;
}

/** Others' samples against our own. */
const WEIGHT = 0.5;

/** Of all of them together, in samples of our own: traffic of a second or two knows better than a hundred other nodes. */
const MOST_WEIGHT = 10;

/** Attempts that went well here since others' breakers opened: as many as hardly come from something that is down. */
const REFUTED = 10;

/** A hold that is true costs one attempt in so long, and only where nobody else can be asked. */
const TESTED_EVERY_MS = 5000;

/** Found to be wrong, holds are not believed for so long. */
const DOUBTED_MS = 15_000;

/** Less than one node that is well and has just seen a few faults. */
const LEAST_TRIPS = 0.5;

/** What an open breaker elsewhere adds to the share of faults, of 1: as much as three faults in ten. */
const TRIP_SHARE = 0.3;

export class Hearsay {
  readonly #clock: Clock;
  #word: Word | undefined;
  #heldUntilMs = 0;
  /** Since the last of the others' breakers opened. */
  #wentWell = 0;
  #testedAtMs = Number.NEGATIVE_INFINITY;
  #doubtedUntilMs = 0;
  /** Of 1: how far the figures of others count beside ours. */
  #part = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ownSamples behind our own figures, less the older they are */
  hear(word: Word, ownSamples: number): void {
    if (word.trips >= (this.#word?.trips ?? 0) + LEAST_TRIPS) this.#wentWell = 0;
    this.#word = word;
    this.#heldUntilMs = word.heldForMs > 0 ? this.#clock.nowMs() + word.heldForMs : 0;
    const weight = Math.min(MOST_WEIGHT, WEIGHT * word.samples);
    this.#part = weight === 0 ? 0 : weight / (weight + Math.max(ownSamples, 1));
  }

  /** An attempt of our own did. */
  wentWell(): void {
    this.#wentWell++;
    // As long as it goes on serving us, others may say what they like.
    if (this.#clock.nowMs() < this.#doubtedUntilMs) this.disproved();
  }

  get isHeld(): boolean {
    return this.#heldUntilMs > 0 && this.heldForMs > 0;
  }

  get heldForMs(): number {
    const nowMs = this.#clock.nowMs();
    return nowMs < this.#doubtedUntilMs ? 0 : Math.max(0, this.#heldUntilMs - nowMs);
  }

  /** Whether it is time to find out if the hold is true. */
  get mayTest(): boolean {
    return this.#clock.nowMs() - this.#testedAtMs >= TESTED_EVERY_MS;
  }

  /** Somebody asks in spite of it. */
  test(): void {
    this.#testedAtMs = this.#clock.nowMs();
  }

  /** Who asked in spite of it was answered. */
  disproved(): void {
    this.#doubtedUntilMs = this.#clock.nowMs() + DOUBTED_MS;
  }

  get holdReason(): string | undefined {
    return this.isHeld ? this.#word?.holdReason : undefined;
  }

  get isSuspect(): boolean {
    return this.#word !== undefined && this.#word.trips >= LEAST_TRIPS && this.#wentWell < REFUTED;
  }

  get inFlight(): number {
    return this.#word === undefined ? 0 : this.#word.inFlight;
  }

  /** By others alone. */
  get heardMs(): number | undefined {
    return this.#word?.firstTokenMs;
  }

  /** @param ownMs what we would expect without them */
  firstTokenMs(ownMs: number): number {
    const { heardMs } = this;
    return heardMs === undefined ? ownMs : ownMs + (heardMs - ownMs) * this.#part;
  }

  faultShare(own: number): number {
    if (this.#word === undefined) return own;
    const share = own + (this.#word.faultShare - own) * this.#part;
    return this.isSuspect ? share + TRIP_SHARE * Math.min(1, this.#word.trips) : share;
  }
}
