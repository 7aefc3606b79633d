/**
 * How long an attempt may be silent when the client's own deadline is near: waiting to the deadline would leave nothing
 * to the target that could still answer. So part of what is left is kept for it, with a floor under which a healthy
 * target's ordinary pauses would be taken for silence.
 */

/** The next target needs to connect and to read the prompt once more: a third of what is left is the most it may want. */
const FIRST_TOKEN_SHARE = 2 / 3;

/** Healthy first tokens of ordinary prompts come within it; a shorter wait would give up targets that are merely busy. */
const MIN_FIRST_TOKEN_MS = 2000;

/** The one who continues must repeat what was said before it goes on: it gets as much time as was spent in silence. */
const IDLE_SHARE = 1 / 2;

/** Several times the gap between two chunks of a slow but sound stream. */
const MIN_IDLE_MS = 1000;

/** @param leftMs until the deadline, as the attempt begins */
export function firstTokenLimitMs(firstTokenMs: number, leftMs: number): number {
  return Math.min(firstTokenMs, Math.max(MIN_FIRST_TOKEN_MS, leftMs * FIRST_TOKEN_SHARE));
}

/** @param leftMs until the deadline, at the last piece of the stream */
export function idleLimitMs(idleMs: number, leftMs: number): number {
  return Math.min(idleMs, Math.max(MIN_IDLE_MS, leftMs * IDLE_SHARE));
}
