/**
 * The clients: open loop (they come whether or not earlier ones were served), at Poisson times, with prompts and answers
 * of log-normal sizes and a deadline each.
 */
import { type ClientRequest, readClientRequest } from '@leeward/wire';
import { drawsFor, exponential, logNormal } from './draws.ts';
import type { Storm } from './storms/storm.ts';

export interface Call {
  readonly index: number;
  readonly atMs: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly deadlineMs: number;
  readonly request: ClientRequest;
}

/** What a client asks for; the pools' entries say what the upstream calls it. */
export const MODEL = 'large';

const CHARACTERS_PER_TOKEN = 4;

/** Chat traffic: mostly short, with a long tail of documents. */
const PROMPT = { median: 600, spread: 1, min: 20, max: 16_000 };
const ANSWER = { median: 130, spread: 0.6, min: 10, max: 600 };

/** Four clients in five are patient; the fifth gives up on a slow answer. */
const PATIENT_MS = 120_000;
const IMPATIENT_MS = 30_000;
const IMPATIENT_SHARE = 0.2;

export const MEAN_ANSWER_TOKENS = mean(ANSWER);
export const MEAN_TOKENS = mean(PROMPT) + MEAN_ANSWER_TOKENS;

export function traffic(storm: Storm, seed: number): readonly Call[] {
  const rng = drawsFor(seed, 1);
  const calls: Call[] = [];
  for (let atMs = exponential(rng, 1000 / storm.requestsPerSecond); atMs < storm.durationMs; ) {
    const index = calls.length;
    const promptTokens = size(rng, PROMPT);
    const answerTokens = size(rng, ANSWER);
    const deadlineMs = rng() < IMPATIENT_SHARE ? IMPATIENT_MS : PATIENT_MS;
    calls.push({ index, atMs, promptTokens, answerTokens, deadlineMs, request: requestOf(index, promptTokens) });
    atMs += exponential(rng, 1000 / storm.requestsPerSecond);
  }
  return calls;
}

/** Streamed, as most chat traffic is, and of a length in bytes that fits its tokens. */
function requestOf(index: number, promptTokens: number): ClientRequest {
  const content = `#${index}#`.padEnd(promptTokens * CHARACTERS_PER_TOKEN, 'x');
  const body = { model: MODEL, messages: [{ role: 'user', content }], stream: true };
  return readClientRequest('chat', 'mistral', Buffer.from(JSON.stringify(body)));
}

function size(rng: () => number, sizes: typeof PROMPT): number {
  return Math.round(Math.min(sizes.max, Math.max(sizes.min, logNormal(rng, sizes.median, sizes.spread))));
}

/** Of the log-normal without its bounds, which is near enough for setting a demand. */
function mean({ median, spread }: typeof PROMPT): number {
  return median * Math.exp(spread ** 2 / 2);
}
