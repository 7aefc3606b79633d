/**
 * What the simulator answers to a request: a pure function of the prompt, so that a test can say the exact text that
 * any key, model, personality, retry or continuation must have led to.
 *
 * The seed is the prompt's text and the choice's index, nothing else. Model, key, temperature and random_seed do not
 * count. `max_tokens` and `stop` then cut what is generated; a `prefix: true` message is repeated in front, and when it
 * is the beginning of the prompt's own answer, the rest is exactly what was still to come.
 */
import type { Rng } from '@leeward/kernel';
import { asText, isArray, isObject, type Json, type JsonObject, spacedJson } from '../json.ts';
import { drawAlphanumeric, hashText, seededRng } from '../seeded-rng.ts';
import { fillSchema } from './fill-schema.ts';
import { type Prompt, readPrompt } from './prompt.ts';
import { lastNumber, prose, wordsAsked } from './prose.ts';
import { countTokens, firstTokens } from './tokens.ts';

export interface AnsweredToolCall {
  /** Nine letters and digits: what Mistral's older tokenizers insist on. */
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface Answer {
  /** The whole content, a repeated prefix included. Empty when tools are called. */
  readonly text: string;
  /** The part of `text` that was generated now; what follows the prefix. */
  readonly generated: string;
  readonly prefix: string;
  /** What a reasoning model shows before it answers. Shown only when the model reasons. */
  readonly thinking: string;
  readonly toolCalls: readonly AnsweredToolCall[];
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  /** Tokens of what was generated, without the thinking. */
  readonly tokens: number;
}

/** More than a model calls at once; keeps `[calls=…]` in bounds. */
const MOST_CALLS = 16;

export function answerFor(request: object, options: { choice?: number } = {}): Answer {
  // A caller's own request type has no index signature; its members are read with checks.
  const asked = request as JsonObject;
  return answerPrompt(asked, readPrompt(asked), options.choice ?? 0);
}

export function answerPrompt(request: JsonObject, prompt: Prompt, choice: number): Answer {
  const seed = hashText(choice === 0 ? prompt.text : `${prompt.text}\n#${choice}`);
  const thinking = prose(seed ^ 0x5bd1e995, 12);
  const toolCalls = callTools(request, prompt, seed);
  if (toolCalls.length > 0) {
    const tokens = toolCalls.reduce((sum, call) => sum + countTokens(call.name) + countTokens(call.arguments), 0);
    return { text: '', generated: '', prefix: '', thinking, toolCalls, finishReason: 'tool_calls', tokens };
  }
  const whole = jsonAnswer(request['response_format'], seededRng(seed)) ?? prose(seed, wordsAsked(prompt.text, seed));
  const prefix = prompt.prefix ?? '';
  const rest = whole.startsWith(prefix) ? whole.slice(prefix.length) : whole;
  const stopped = cutAtStop(rest, request['stop']);
  const most = numberOf(request['max_completion_tokens']) ?? numberOf(request['max_tokens']);
  const generated = most === undefined ? stopped : firstTokens(stopped, most);
  return {
    text: prefix + generated,
    generated,
    prefix,
    thinking,
    toolCalls: [],
    finishReason: generated.length < stopped.length ? 'length' : 'stop',
    tokens: countTokens(generated),
  };
}

function callTools(request: JsonObject, prompt: Prompt, seed: number): AnsweredToolCall[] {
  const choice = request['tool_choice'];
  const functions = (isArray(request['tools']) ? request['tools'] : []).flatMap(functionOf);
  if (functions.length === 0 || choice === 'none') return [];
  const named = isObject(choice) && isObject(choice['function']) ? asText(choice['function']['name']) : undefined;
  const forced = named !== undefined || choice === 'any' || choice === 'required';
  const wanted = prompt.lastRole === 'user' && /\btools?\b/i.test(prompt.lastUserText);
  if (!forced && !wanted) return [];
  const candidates = named === undefined ? functions : functions.filter((one) => one.name === named);
  const many = request['parallel_tool_calls'] === false ? 1 : (lastNumber(prompt.lastUserText, 'calls') ?? 1);
  const rng = seededRng(seed);
  return Array.from({ length: Math.min(Math.max(many, 1), MOST_CALLS) }, (_, at) =>
    callOf(candidates[(seed + at) % Math.max(candidates.length, 1)], rng),
  ).filter((call) => call !== undefined);
}

function callOf(called: { name: string; parameters: Json | undefined } | undefined, rng: Rng) {
  if (called === undefined) return undefined;
  const id = drawAlphanumeric(rng, 9);
  const filled = fillSchema(called.parameters, rng);
  return { id, name: called.name, arguments: spacedJson(isObject(filled) ? filled : {}) };
}

function functionOf(tool: Json): { name: string; parameters: Json | undefined }[] {
  const described = isObject(tool) ? tool['function'] : undefined;
  if (!isObject(described) || typeof described['name'] !== 'string') return [];
  return [{ name: described['name'], parameters: described['parameters'] }];
}

function jsonAnswer(format: Json | undefined, rng: Rng): string | undefined {
  if (!isObject(format)) return undefined;
  if (format['type'] === 'json_object') return JSON.stringify({ answer: prose(Math.floor(rng() * 2 ** 32), 8) });
  const described = format['type'] === 'json_schema' ? format['json_schema'] : undefined;
  return isObject(described) ? JSON.stringify(fillSchema(described['schema'], rng)) : undefined;
}

/** The text up to the first of the stop sequences, which is itself left out. */
function cutAtStop(text: string, stop: Json | undefined): string {
  let until = text.length;
  for (const sequence of isArray(stop) ? stop : [stop]) {
    if (typeof sequence !== 'string' || sequence === '') continue;
    const found = text.indexOf(sequence);
    if (found >= 0) until = Math.min(until, found);
  }
  return text.slice(0, until);
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
