/**
 * One modelled target: a batching inference server behind a key. It generates `slots` answers at a time and queues the
 * rest; the first token's time grows with the prompt, with how full the batch is, and with the weather. One answer in a
 * hundred straggles for no visible reason, as vendors' do.
 */
import type { Clock } from '@leeward/kernel';
import { drawsFor, exponential, logNormal, numberOf } from '../draws.ts';
import type { ModelledKey } from '../storms/storm.ts';
import type { Weather } from '../storms/weather.ts';
import { type Call, MEAN_ANSWER_TOKENS } from '../traffic.ts';
import { piecesOf } from './replies.ts';
import type { QuotaWindow } from './quota-window.ts';

/** Reading a prompt: 10,000 tokens take half a second. */
const MS_PER_PROMPT_TOKEN = 0.05;
const SPREAD = 0.25;
const STRAGGLER_SHARE = 0.01;
const STRAGGLER_FACTOR = 5;
/** What all that luck comes to on average, over the median. */
const MEAN_LUCK = Math.exp(SPREAD ** 2 / 2) * (1 + STRAGGLER_SHARE * (STRAGGLER_FACTOR - 1));
/** A refusal takes 30 ms at the least, and rarely more than 200. */
const REFUSAL = { leastMs: 30, moreMs: 40 };
/** A full batch makes each of its answers take half as long again. */
const BATCH_DRAG = 0.5;
/** More than any wait for a target that sees its answer through. */
const CONTINUATION_MS = 30_000;

/** A fate that a request meets at a target, decided before anything happens. */
export type Fate =
  | { readonly kind: 'quota'; readonly headers: Readonly<Record<string, string>>; readonly afterMs: number }
  | { readonly kind: 'full' | 'revoked' | 'fault' | 'reset'; readonly afterMs: number }
  | { readonly kind: 'silent' }
  /** `breaksAt`: the piece that does not come. */
  | { readonly kind: 'answer'; readonly firstTokenMs: number; readonly breaksAt: number | undefined };

/** Something that waits for a slot or holds one. */
export interface Guest {
  /** A slot is free for it. */
  seated(): void;
}

export class ModelledTarget {
  readonly id: string;
  readonly key: ModelledKey;
  readonly quota: QuotaWindow | undefined;
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #number: number;
  readonly #weather: (target: string, atMs: number) => Weather;
  readonly #tries = new Map<number, number>();
  readonly #queue = new Set<Guest>();
  readonly #seated = new Set<Guest>();

  constructor(
    deps: { clock: Clock; seed: number; weather: (target: string, atMs: number) => Weather },
    id: string,
    key: ModelledKey,
    quota: QuotaWindow | undefined,
  ) {
    this.id = id;
    this.key = key;
    this.quota = quota;
    this.#clock = deps.clock;
    this.#seed = deps.seed;
    this.#number = numberOf(id);
    this.#weather = deps.weather;
  }

  get weather(): Weather {
    return this.#weather(this.id, this.#clock.nowMs());
  }

  /** How long a token takes now. */
  get tokenMs(): number {
    return this.key.tokenMs * this.weather.slowness * this.#drag;
  }

  /** Whether a request that is sent now would be taken, but for its own bad luck. */
  get accepts(): boolean {
    const { weather } = this;
    if (weather.silent || weather.full || weather.revoked || weather.faultShare === 1) return false;
    return this.quota?.refusal(this.#clock.wallMs()) === undefined;
  }

  /** The fate of a request that is sent now. */
  meet(call: Call): Fate {
    const tries = (this.#tries.get(call.index) ?? 0) + 1;
    this.#tries.set(call.index, tries);
    return this.#fate(call, tries);
  }

  /**
   * What follows from this target's state alone, present and to come: the mean time to the first token of a request sent
   * now; infinite when it is sure to fail. The luck of the request stays unknown. Changes nothing.
   */
  expectedFirstTokenMs(promptTokens: number): number {
    if (!this.accepts) return Number.POSITIVE_INFINITY;
    const { slowness, faultShare } = this.weather;
    const answerMs = MEAN_ANSWER_TOKENS * this.tokenMs;
    const ownMs = this.key.firstTokenMs * MEAN_LUCK + promptTokens * MS_PER_PROMPT_TOKEN;
    const firstMs = this.#waitMs(answerMs) + ownMs * slowness * this.#drag;
    if (!this.#isSafe(firstMs, answerMs)) return Number.POSITIVE_INFINITY;
    // One that fails is asked again elsewhere, where it takes about as long: what it loses is the time of the refusal.
    return firstMs + faultShare * (REFUSAL.leastMs + REFUSAL.moreMs);
  }

  /**
   * The same with the dice known too: how long this very request would take to its first token; infinite when it would
   * fail, and long when the answer would have to be continued elsewhere. Changes nothing.
   */
  drawnFirstTokenMs(call: Call): number {
    const fate = this.#fate(call, (this.#tries.get(call.index) ?? 0) + 1);
    if (fate.kind !== 'answer') return Number.POSITIVE_INFINITY;
    const answerMs = call.answerTokens * this.tokenMs;
    const firstMs = this.#waitMs(answerMs) + fate.firstTokenMs;
    if (!this.#isSafe(firstMs, answerMs)) return Number.POSITIVE_INFINITY;
    return fate.breaksAt === undefined ? firstMs : firstMs + CONTINUATION_MS;
  }

  sit(guest: Guest): void {
    if (this.isFull) this.#queue.add(guest);
    else {
      this.#seated.add(guest);
      guest.seated();
    }
  }

  leave(guest: Guest): void {
    this.#queue.delete(guest);
    if (!this.#seated.delete(guest)) return;
    for (const next of this.#queue) {
      if (this.isFull) return;
      this.#queue.delete(next);
      this.#seated.add(next);
      next.seated();
    }
  }

  /** Whether one more would have to queue. */
  get isFull(): boolean {
    return this.#seated.size >= this.#slots;
  }

  get #slots(): number {
    return Math.max(1, Math.round(this.key.slots * this.weather.slotShare));
  }

  get #drag(): number {
    return 1 + BATCH_DRAG * Math.min(1, this.#seated.size / this.#slots);
  }

  /** Until a slot is free for one more, when every answer takes about so long. */
  #waitMs(answerMs: number): number {
    return this.isFull ? (answerMs * (this.#queue.size + 1)) / this.#slots : 0;
  }

  /** Whether an answer would be seen through: nothing gets worse at its first token or at its end. */
  #isSafe(firstMs: number, answerMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    const { slowness } = this.weather;
    return [firstMs, firstMs + answerMs].every((afterMs) => {
      const later = this.#weather(this.id, nowMs + afterMs);
      return !later.silent && later.faultShare < 1 && later.slowness <= slowness;
    });
  }

  #fate(call: Call, tries: number): Fate {
    // Each draw is made whatever comes of it, so that weather changes an outcome and not the luck behind it.
    const rng = drawsFor(this.#seed, 2, this.#number, call.index, tries);
    const afterMs = REFUSAL.leastMs + exponential(rng, REFUSAL.moreMs);
    const luck = rng();
    const how = rng();
    const breakLuck = rng();
    const breakPlace = rng();
    const straggles = rng() < STRAGGLER_SHARE;
    const ownMs = logNormal(rng, this.key.firstTokenMs, SPREAD) * (straggles ? STRAGGLER_FACTOR : 1);
    const { weather } = this;
    if (weather.silent) return { kind: 'silent' };
    if (luck < weather.faultShare) return { kind: how < 0.5 ? 'fault' : 'reset', afterMs };
    if (weather.revoked) return { kind: 'revoked', afterMs };
    if (weather.full) return { kind: 'full', afterMs };
    const headers = this.quota?.refusal(this.#clock.wallMs());
    if (headers !== undefined) return { kind: 'quota', headers, afterMs };
    const promptMs = call.promptTokens * MS_PER_PROMPT_TOKEN;
    return {
      kind: 'answer',
      firstTokenMs: (ownMs + promptMs) * weather.slowness * this.#drag,
      breaksAt:
        breakLuck < weather.breakShare ? 1 + Math.floor(breakPlace * (piecesOf(call.answerTokens) - 1)) : undefined,
    };
  }
}
