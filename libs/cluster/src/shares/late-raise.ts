/**
 * A value that falls at once and rises late: the least of what it was set to within the last moments. When something
 * moves from one peer to another, the giver lets go of it at once, and the taker takes it only after the giver has had
 * the time to hear why. In between nobody has it, which costs a little; the reverse would spend it twice.
 */
export class LateRaise {
  /** Ascending in time and in value: what is below and later hides what is above and earlier. */
  readonly #steps: { readonly value: number; untilMs: number }[] = [];

  get value(): number | undefined {
    return this.#steps[0]?.value;
  }

  /** @param holdMs how long a value that was replaced by a higher one still counts */
  set(value: number, nowMs: number, holdMs: number): void {
    const last = this.#steps.at(-1);
    if (last !== undefined) last.untilMs = nowMs;
    while ((this.#steps.at(-1)?.value ?? Number.NEGATIVE_INFINITY) >= value) this.#steps.pop();
    this.#steps.push({ value, untilMs: Number.POSITIVE_INFINITY });
    while ((this.#steps[0]?.untilMs ?? nowMs) + holdMs < nowMs) this.#steps.shift();
    if (this.#steps.length > MOST_STEPS) this.#merge();
  }

  /** What was has nothing to do with what comes. */
  clear(): void {
    this.#steps.length = 0;
  }

  /** Of too many rises in a row, the last but one does not count, and the one before counts for as long. */
  #merge(): void {
    const [merged] = this.#steps.splice(-2, 1);
    const lower = this.#steps.at(-2);
    if (lower !== undefined && merged !== undefined) lower.untilMs = merged.untilMs;
  }
}

/** Until who gives a part away has reckoned anew and its digest has come. */
export function raiseHoldMs(intervalMs: number): number {
  return intervalMs + UNDER_WAY_MS;
}

/** Longer than a digest is under way. */
const UNDER_WAY_MS = 100;

/** Several times as many as a share is refreshed within the longest hold. */
const MOST_STEPS = 64;
