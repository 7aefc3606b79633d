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
  const mended = mendedEffort(request, to);
  if (mended !== undefined) return Buffer.from(encodeJson({ ...request.json, ...mended, model: to.model }));

  const named = to.model === request.model ? request.bytes : renameModel(request, to.model);
  if (to.dialect !== 'openai' || request.surface !== 'chat' || !request.stream) return named;
  return askForUsage(request, named, to.model);
}

/** The same as an object, for a writer that has more to change. */
export function renamed(request: ClientRequest, to: WireTarget): JsonObject {
  return { ...request.json, ...mendedEffort(request, to), model: to.model };
}

/**
 * One field does not carry over between Mistral's models: an effort that the next pool's model is known to refuse would
 * turn a failover into a 400. The model the client named itself keeps what the client sent. Undefined: nothing to mend.
 */
function mendedEffort(request: ClientRequest, { dialect, model }: WireTarget): JsonObject | undefined {
  const effort = request.json.reasoning_effort;
  if (dialect !== 'mistral' || model === request.model || typeof effort !== 'string') return undefined;
  const accepted = mistralReasoningEffort(model, effort);
  if (accepted === effort || (accepted === undefined && !refusesReasoningEffort(model))) return undefined;
  return { reasoning_effort: accepted };
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
  if (request.includeUsage) return bytes;
  const options = request.json.stream_options;
  if (options === undefined) {
    const brace = skipSpace(bytes, 0);
    return Buffer.concat([bytes.subarray(0, brace + 1), USAGE_WANTED, bytes.subarray(brace + 1)]);
  }
  const asked = { ...(isObject(options) ? options : {}), include_usage: true };
  return Buffer.from(encodeJson({ ...request.json, model, stream_options: asked }));
}

const USAGE_WANTED = Buffer.from('"stream_options":{"include_usage":true},');
const COLON = 0x3a;

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at += 1;
  return at;
}
