/** What goes wrong at a vendor, and what of it no client may notice. */
import type { FaultRuleInput, Simulator, SimulatorState } from '@leeward/mistral-sim';
import { expect, vi } from 'vitest';

type Effect = FaultRuleInput['effect'];

/** Each of these in the place of an answer, on every key of the first provider, leaves the second one to answer. */
export const OUTAGES: readonly (readonly [name: string, effect: Effect])[] = [
  ['says 500', { kind: 'error', error: '500/1000' }],
  ['says 502 with a page of HTML', { kind: 'error', error: '502/html' }],
  ['says 503', { kind: 'error', error: '503/3800' }],
  ['is out of capacity', { kind: 'error', error: '429/3505' }],
  ['is out of quota', { kind: 'error', error: '429/1300' }],
  ['has retired the model', { kind: 'error', error: '400/1500' }],
  ['refuses connections', { kind: 'refuse' }],
  ['resets connections', { kind: 'reset-before-first-byte' }],
  ['answers nothing with a 200', { kind: 'empty' }],
  ['answers an error with a 200', { kind: 'contentless-then-error' }],
];

/** Ways in which a stream breaks after some of its text. */
export const BREAKS: readonly (readonly [name: string, effect: Effect])[] = [
  ['is reset', { kind: 'reset-mid-stream', afterChunks: 4 }],
  ['ends early, in good order', { kind: 'close-early', afterChunks: 4 }],
  ['carries a nested error', { kind: 'error-frame', afterChunks: 4, form: 'nested' }],
  ['carries a flat error', { kind: 'error-frame', afterChunks: 4, form: 'flat' }],
  ['finishes with an error', { kind: 'error-frame', afterChunks: 4, form: 'finish' }],
];

export const BREAK: Effect = { kind: 'reset-mid-stream', afterChunks: 4 };

/** Every way in which a vendor falls silent: from the first, or in the middle of a stream. */
export const SILENCES: readonly (readonly [name: string, effect: Effect])[] = [
  ['says nothing', { kind: 'silence' }],
  ['falls silent within the stream', { kind: 'stall', afterChunks: 4 }],
];

/** Slow enough that a client can leave in the middle; fast enough that nobody waits. */
export const SLOW: Effect = { kind: 'latency', perTokenMs: 20 };

export const SILENCE: Effect = { kind: 'silence' };

/** Every workspace's quota is used up. Without a wait of the vendor's own it ends with the minute. */
export function quotaFault(retryAfterSeconds?: number): Effect {
  return { kind: 'error', error: '429/1300', ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}

/** What the simulator counted for a model that no other test asks for. */
export function countsOf(state: SimulatorState, model: string) {
  const counts = state.models[model];
  if (counts === undefined) throw new Error(`the simulator was never asked for ${model}`);
  return counts;
}

/** The vendor was told that the client has left, and nobody asked again on its behalf. */
export async function expectAborted(simulator: Simulator, model: string): Promise<void> {
  const told = { abortedByClient: 1, inFlight: 0, seen: 1 };
  await vi.waitFor(() => expect(countsOf(simulator.state(), model)).toMatchObject(told), PATIENCE);
}

/** Until a request has reached the vendor and waits there. */
export async function expectInFlight(simulator: Simulator, model: string): Promise<void> {
  await vi.waitFor(() => expect(countsOf(simulator.state(), model).inFlight).toBe(1), PATIENCE);
}

/** News of a closed connection takes milliseconds; a busy machine may take its time. */
const PATIENCE = { timeout: 10_000, interval: 10 };
