import { encodeJson, isObject } from '../json.ts';
import type { ClientRequest, JsonObject, WireTarget } from '../wire.ts';
import { mistralReasoningEffort, refusesReasoningEffort } from './reasoning-effort.ts';

/**
 * The body for a target that speaks the client's dialect: the client's bytes, or those bytes with a new model name.
 *
 * The name is exchanged inside the bytes where that is certainly right, which keeps long numbers, key order and
 * spelling, and saves encoding a large prompt again. A quote inside a JSON string is always escaped, so `"model"`
 * with its quotes is always a whole string; if there is only one, and none spelt with \u escapes, it is the key.
 * Anything else is encoded anew.
 */
export function writeSameDialect(request: ClientRequest, to: WireTarget): Buffer {
  const asksForUsage = to.dialect === 'openai' && request.surface === 'chat' && request.stream && !request.includeUsage;
  const mended = mendedFor(request, to);
  if (mended !== undefined) {
    const usage = asksForUsage ? { stream_options: withUsage(request) } : {};
    return Buffer.from(encodeJson({ ...request.json, ...mended, ...usage, model: to.model }));
  }
  const named = to.model === request.model ? request.bytes : renameModel(request, to.model);
  return asksForUsage ? askForUsage(request, named, to.model) : named;
}

/** The same as an object, for a writer that has more to change. */
export function renamed(request: ClientRequest, to: WireTarget): JsonObject {
  return { ...request.json, ...mendedFor(request, to), model: to.model };
}

/**
 * What does not carry over from the model that the client named to another one, and would turn a failover into a 400.
 * The model the client named itself keeps what the client sent. Undefined: nothing to mend.
 */
function mendedFor(request: ClientRequest, { dialect, model }: WireTarget): JsonObject | undefined {
  if (model === request.model || request.surface !== 'chat') return undefined;
  return dialect === 'mistral' ? mendedEffort(request, model) : mendedTokenLimit(request);
}

/** An effort that Mistral's other model is known to refuse. */
function mendedEffort(request: ClientRequest, model: string): JsonObject | undefined {
  const effort = request.outline.reasoning_effort;
  if (typeof effort !== 'string') return undefined;
  const accepted = mistralReasoningEffort(model, effort);
  if (accepted === effort || (accepted === undefined && !refusesReasoningEffort(model))) return undefined;
  return { reasoning_effort: accepted };
}

/** OpenAI's models that reason take the limit by its newer name only; a Mistral request is translated to it as well. */
function mendedTokenLimit(request: ClientRequest): JsonObject | undefined {
  if (typeof request.outline.max_tokens !== 'number') return undefined;
  const { max_tokens: limit, max_completion_tokens: newer } = request.json;
  return { max_tokens: undefined, max_completion_tokens: newer ?? limit };
}

function renameModel(request: ClientRequest, model: string): Buffer {
  const { bytes } = request;
  const value = bytes.includes(ESCAPED_LETTER) ? undefined : onlyModelValue(bytes, request.model);
  if (value === undefined) return Buffer.from(encodeJson({ ...request.json, model }));
  return Buffer.concat([bytes.subarray(0, value.start), Buffer.from(JSON.stringify(model)), bytes.subarray(value.end)]);
}

/** All letters of `model` are \u006…: without this there is no other way to spell the key. */
const ESCAPED_LETTER = '\\u006';

/** Where the one `"model": "…"` has its value; undefined when it is not the only one, or not spelt plainly. */
function onlyModelValue(bytes: Buffer, model: string): { start: number; end: number } | undefined {
  const key = bytes.indexOf('"model"');
  if (key < 0 || bytes.includes('"model"', key + 1)) return undefined;
  const colon = skipSpace(bytes, key + '"model"'.length);
  if (bytes[colon] !== COLON) return undefined;
  const start = skipSpace(bytes, colon + 1);
  const spelt = Buffer.from(JSON.stringify(model));
  const end = start + spelt.length;
  return bytes.subarray(start, end).equals(spelt) ? { start, end } : undefined;
}

function askForUsage(request: ClientRequest, bytes: Buffer, model: string): Buffer {
  if (request.outline.stream_options === undefined) {
    const brace = skipSpace(bytes, 0);
    return Buffer.concat([bytes.subarray(0, brace + 1), USAGE_WANTED, bytes.subarray(brace + 1)]);
  }
  return Buffer.from(encodeJson({ ...request.json, model, stream_options: withUsage(request) }));
}

function withUsage({ json: { stream_options: options } }: ClientRequest): JsonObject {
  return { ...(isObject(options) ? options : {}), include_usage: true };
}

const USAGE_WANTED = Buffer.from('"stream_options":{"include_usage":true},');
const COLON = 0x3a;

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
}
