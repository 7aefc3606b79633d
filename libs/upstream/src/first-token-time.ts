/**
 * What is learned of a target's speed: the time to its first token, as if every prompt had a thousand tokens, and the
 * time of each token after it. Never total time, which grows with what was asked for.
 *
 * The mean follows a rise within a second or two and a fall within ten: what has just been slow is to be kept away
 * from, and has to prove itself (after Finagle's PeakEwma). Weights go by the time since the last sample, so that a busy
 * target is judged like a quiet one. A target that has been slow is not asked any more, so nothing would ever be learned of
 * it again: unasked, what is known of it fades into its pool's median, until it is worth one attempt; while that one
 * waits, the old figure counts again. Each such attempt that disappoints doubles the time to the next.
 */
import type { Clock } from '@leeward/kernel';

/** One bad second is enough to turn away. */
const RISE_MS = 1500;
/** Ten seconds hold the samples of a slow route, and forget an incident in less than a minute. */
const FALL_MS = 10_000;
/** Ten times too slow is tried again after about a minute and a half, twice too slow after half a minute. */
const FADE_MS = 30_000;
/** The doubling ends at sixteen times: about a quarter of an hour for what is ten times too slow. */
const MAX_DISAPPOINTMENTS = 4;
/** Sixteen times a wait is beyond every first-token limit. */
const MAX_DOUBLINGS = 4;
/** Slower than this times its pool's median, a target is taken to be slow rather than unlucky. */
const SLOW = 1.5;
/** About what the mean remembers: older samples stand for another time. */
const SAMPLES_MS = 15_000;
/** What is usual for a target changes with its vendor's hardware, over minutes. */
const USUAL_MS = 300_000;

/**
 * Reading a prompt takes time in proportion to it, on top of what is the same for all: about as much as 4,000 tokens
 * take (a first token in 400 ms, 10,000 tokens a second, which is what large models show).
 */
const FIXED_TOKENS = 4000;
const REFERENCE_TOKENS = 1000;

/** Expected first-token time for a prompt, as a multiple of that for a thousand tokens. */
export function promptFactor(promptTokens: number): number {
  return (FIXED_TOKENS + promptTokens) / (FIXED_TOKENS + REFERENCE_TOKENS);
}

/** Answers within no time at all would make all else infinitely slow beside them. */
const LEAST_MS = 1;

/** Without any sample: what a healthy large model needs. Only compared with itself. */
export const NAIVE_FIRST_MS = 400;
const NAIVE_TOKEN_MS = 10;

/** Plain data, so that nodes can share it. */
export interface Speed {
  /** For a prompt of a thousand tokens. Undefined before the first sample. */
  readonly firstTokenMs: number | undefined;
  readonly tokenMs: number | undefined;
  /** Age of the newest sample. */
  readonly agoMs: number | undefined;
  /** Behind them; those of the last seconds count in full. */
  readonly samples: number;
}

export class FirstTokenTime {
  readonly #clock: Clock;
  #firstMs: number | undefined;
  #usualMs: number | undefined;
  #tokenMs: number | undefined;
  #sampledAtMs = 0;
  /** As of `#sampledAtMs`. */
  #samples = 0;
  #tokenAtMs = 0;
  #disappointments = 0;
  /** Waits in vain since the last first token. */
  #inVain = 0;
  /** The pool's median when last looked at. */
  #medianMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get speed(): Speed {
    const agoMs = this.#firstMs === undefined ? undefined : this.#clock.nowMs() - this.#sampledAtMs;
    return { firstTokenMs: this.#firstMs, tokenMs: this.#tokenMs, agoMs, samples: this.samples };
  }

  get samples(): number {
    return this.#samples * Math.exp((this.#sampledAtMs - this.#clock.nowMs()) / SAMPLES_MS);
  }

  get learnedMs(): number | undefined {
    return this.#firstMs;
  }

  /** A stream's first content came. */
  observeFirst(tookMs: number, promptTokens: number): void {
    this.#inVain = 0;
    this.#observe(tookMs / promptFactor(promptTokens), 0);
  }

  /** @param leastMs for which the sample stands at the least */
  #observe(sampleMs: number, leastMs: number): void {
    const ms = Math.max(LEAST_MS, sampleMs);
    const nowMs = this.#clock.nowMs();
    const sinceMs = Math.max(leastMs, nowMs - this.#sampledAtMs);
    this.#judge(ms, sinceMs);
    this.#firstMs = blend(this.#firstMs, ms, sinceMs, RISE_MS, FALL_MS);
    const plausibleMs = Math.min(ms, 3 * (this.#usualMs ?? ms));
    this.#usualMs = blend(this.#usualMs, plausibleMs, sinceMs, USUAL_MS, USUAL_MS);
    this.#samples = 1 + this.samples;
    this.#sampledAtMs = nowMs;
  }

  /**
   * It did not come in such a time, and nobody waits any longer: the target is at least as slow as that. How much slower is
   * not known; each such wait in a row doubles the guess.
   */
  observeAtLeast(tookMs: number, promptTokens: number): void {
    const ms = (tookMs / promptFactor(promptTokens)) * 2 ** Math.min(MAX_DOUBLINGS, this.#inVain++);
    if (this.#firstMs === undefined || ms > this.#firstMs) {
      this.#observe(ms, RISE_MS);
      return;
    }
    // Less than was expected says nothing about how long it would have been; but if it is slow, then it still is.
    if (ms <= SLOW * (this.#medianMs ?? Number.POSITIVE_INFINITY)) return;
    const nowMs = this.#clock.nowMs();
    this.#judge(ms, nowMs - this.#sampledAtMs);
    this.#sampledAtMs = nowMs;
  }

  observeTokens(tookMs: number, tokens: number): void {
    if (tokens < 1) return;
    const nowMs = this.#clock.nowMs();
    this.#tokenMs = blend(this.#tokenMs, tookMs / tokens, nowMs - this.#tokenAtMs, RISE_MS, FALL_MS);
    this.#tokenAtMs = nowMs;
  }

  /** A whole answer does not say when its first token was made: taken to be as slow in that as in everything. */
  observeWhole(tookMs: number, promptTokens: number, tokens: number): void {
    const firstMs = this.#firstMs ?? NAIVE_FIRST_MS;
    const tokenMs = this.#tokenMs ?? NAIVE_TOKEN_MS;
    const expectedMs = firstMs * promptFactor(promptTokens) + tokenMs * tokens;
    const slowness = tookMs / expectedMs;
    this.observeFirst(firstMs * slowness * promptFactor(promptTokens), promptTokens);
    this.observeTokens(tokenMs * slowness * tokens, tokens);
  }

  /** Whether an attempt that has waited in vain for so long tells something new. */
  isLate(waitedMs: number, promptTokens: number): boolean {
    const usualMs = this.#usualMs ?? this.#medianMs ?? NAIVE_FIRST_MS;
    return waitedMs / promptFactor(promptTokens) > 2 * usualMs;
  }

  /** Whether a first token in such a time is what this target usually needs, with room for bad luck. */
  isUsual(tookMs: number, promptTokens: number): boolean {
    return this.#usualMs === undefined || tookMs / promptFactor(promptTokens) <= 2 * this.#usualMs;
  }

  /**
   * What a prompt of a thousand tokens is to expect, in milliseconds.
   * @param medianMs of the pool's learned times
   * @param waitingMs how long the oldest attempt without a first token has waited, for a thousand tokens; undefined for none
   */
  expectedMs(nowMs: number, medianMs: number, waitingMs: number | undefined): number {
    this.#medianMs = medianMs;
    const learnedMs = this.#firstMs ?? medianMs;
    if (waitingMs !== undefined) return Math.max(learnedMs, waitingMs);
    if (learnedMs <= medianMs) return learnedMs;
    const idleMs = nowMs - this.#sampledAtMs;
    return medianMs + (learnedMs - medianMs) * Math.exp(-idleMs / (FADE_MS * 2 ** this.#disappointments));
  }

  /** Whether an attempt after a pause, at a target that had been slow, was worth it. */
  #judge(ms: number, sinceMs: number): void {
    const slowMs = SLOW * (this.#medianMs ?? Number.POSITIVE_INFINITY);
    if (ms <= slowMs) this.#disappointments = 0;
    else if (sinceMs > FALL_MS) this.#disappointments = Math.min(MAX_DISAPPOINTMENTS, this.#disappointments + 1);
  }
}

/** An exponentially weighted mean in which a sample weighs by the time it stands for. */
function blend(mean: number | undefined, sample: number, sinceMs: number, riseMs: number, fallMs: number): number {
  if (mean === undefined) return sample;
  return sample + (mean - sample) * Math.exp(-sinceMs / (sample > mean ? riseMs : fallMs));
}
