/**
 * One modelled target: a batching inference server behind a key. It generates `slots` answers at a time and queues the
 * rest; the first token's time grows with the prompt, with how full the batch is, and with the weather. One answer in a
 * hundred straggles for no visible reason, as vendors' do.
 */
import type { Clock } from '@leeward/kernel';
import { drawsFor, exponential, logNormal, numberOf } from '../draws.ts';
import type { ModelledKey } from '../storms/storm.ts';
import type { Weather } from '../storms/weather.ts';
import type { Call } from '../traffic.ts';
import { piecesOf } from './replies.ts';
import type { QuotaWindow } from './quota-window.ts';

/** Reading a prompt: 10,000 tokens take half a second. */
const MS_PER_PROMPT_TOKEN = 0.05;
const SPREAD = 0.25;
const STRAGGLER_SHARE = 0.01;
const STRAGGLER_FACTOR = 5;
/** A full batch makes each of its answers take half as long again. */
const BATCH_DRAG = 0.5;
/** More than any wait for a target that sees its answer through. */
const CONTINUATION_MS = 30_000;

/** A fate that a request meets at a target, decided before anything happens. */
export type Fate =
  | { readonly kind: 'quota'; readonly headers: Readonly<Record<string, string>>; readonly afterMs: number }
  | { readonly kind: 'full' | 'fault' | 'reset'; readonly afterMs: number }
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

  /** The fate of a request that is sent now. */
  meet(call: Call): Fate {
    const tries = (this.#tries.get(call.index) ?? 0) + 1;
    this.#tries.set(call.index, tries);
    return this.#fate(call, tries);
  }

  /**
   * What a clairvoyant knows: how long a request sent now would take to its first token; infinite when it would fail,
   * and long when the answer would have to be continued elsewhere. Changes nothing.
   */
  foresee(call: Call): number {
    const fate = this.#fate(call, (this.#tries.get(call.index) ?? 0) + 1);
    if (fate.kind !== 'answer') return Number.POSITIVE_INFINITY;
    const answerMs = call.answerTokens * this.tokenMs;
    const waitMs = this.#isFull ? (answerMs * (this.#queue.size + 1)) / this.#slots : 0;
    const firstMs = waitMs + fate.firstTokenMs;
    const nowMs = this.#clock.nowMs();
    const { slowness } = this.weather;
    const isSafe = [firstMs, firstMs + answerMs].every((afterMs) => {
      const later = this.#weather(this.id, nowMs + afterMs);
      return !later.silent && later.faultShare < 1 && later.slowness <= slowness;
    });
    if (!isSafe) return Number.POSITIVE_INFINITY;
    return fate.breaksAt === undefined ? firstMs : firstMs + CONTINUATION_MS;
  }

  sit(guest: Guest): void {
    if (this.#isFull) this.#queue.add(guest);
    else {
      this.#seated.add(guest);
      guest.seated();
    }
  }

  leave(guest: Guest): void {
    this.#queue.delete(guest);
    if (!this.#seated.delete(guest)) return;
    for (const next of this.#queue) {
      if (this.#isFull) return;
      this.#queue.delete(next);
      this.#seated.add(next);
      next.seated();
    }
  }

  get #slots(): number {
    return Math.max(1, Math.round(this.key.slots * this.weather.slotShare));
  }

  get #isFull(): boolean {
    return this.#seated.size >= this.#slots;
  }

  get #drag(): number {
    return 1 + BATCH_DRAG * Math.min(1, this.#seated.size / this.#slots);
  }

  #fate(call: Call, tries: number): Fate {
    // Each draw is made whatever comes of it, so that weather changes an outcome and not the luck behind it.
    const rng = drawsFor(this.#seed, 2, this.#number, call.index, tries);
    // A refusal takes 30 ms at the least, and rarely more than 200.
    const afterMs = 30 + exponential(rng, 40);
    const luck = rng();
    const how = rng();
    const breakLuck = rng();
    const breakPlace = rng();
    const straggles = rng() < STRAGGLER_SHARE;
    const ownMs = logNormal(rng, this.key.firstTokenMs, SPREAD) * (straggles ? STRAGGLER_FACTOR : 1);
    const { weather } = this;
    if (weather.silent) return { kind: 'silent' };
    if (luck < weather.faultShare) return { kind: how < 0.5 ? 'fault' : 'reset', afterMs };
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
