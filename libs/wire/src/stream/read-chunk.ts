import { readContent } from '../answer/content.ts';
import { readErrorObject } from '../errors/read-error-body.ts';
import { isObject, stringOf } from '../json.ts';
import type { ChunkFacts, Dialect, Json, JsonObject, UpstreamError } from '../wire.ts';
import { readUsage } from '../usage/read-usage.ts';

/**
 * What one chunk of a stream says. Runs for every chunk and takes whatever an upstream sends: nothing in here throws.
 * The dialects differ in what they may send, not in what a field means, so both are read alike.
 */
export function readChunk(_dialect: Dialect, json: JsonObject): ChunkFacts {
  const { choices } = json;
  let text = '';
  let content = false;
  let plain = true;
  let finishReason: string | undefined;
  if (Array.isArray(choices)) {
    for (const choice of choices) {
      if (!isObject(choice)) continue;
      const first = choice.index === 0 || choice.index === undefined;
      const delta = isObject(choice.delta) ? choice.delta : EMPTY;
      const said = readDelta(delta);
      if (first) text += said.text;
      if (first) finishReason = stringOf(choice.finish_reason) ?? finishReason;
      content ||= said.content;
      plain &&= said.plain && first && isUnset(choice.logprobs);
    }
  }
  return {
    text,
    content,
    plain,
    finishReason,
    usage: readUsage(json.usage),
    error: readChunkError(json, finishReason),
  };
}

const EMPTY: JsonObject = {};

interface Delta {
  readonly text: string;
  readonly content: boolean;
  readonly plain: boolean;
}

function readDelta(delta: JsonObject): Delta {
  const { text, thinking, other } = readContent(delta.content);
  let content = text !== '' || thinking !== '' || other;
  let plain = !Array.isArray(delta.content);
  for (const field in delta) {
    if (field === 'content' || field === 'role' || isUnset(delta[field])) continue;
    plain = false;
    // A field that nobody knows yet is taken for something to show: failing over after it would say things twice.
    content = true;
  }
  return { text, content, plain };
}

function isUnset(value: Json | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  );
}

function readChunkError(json: JsonObject, finishReason: string | undefined): UpstreamError | undefined {
  const named = isObject(json.error) || (typeof json.error === 'string' && json.error !== '');
  if (named || json.object === 'error' || json.object === 'Error') return readErrorObject(json) ?? UNEXPLAINED;
  if (finishReason === 'error') return UNEXPLAINED;
  if (json.choices !== undefined || json.usage !== undefined) return undefined;
  // Neither a chunk nor named an error: the shapes that carry nothing but `message` or `detail`.
  return readErrorObject(json);
}

const UNEXPLAINED: UpstreamError = { message: 'The stream stopped with an error.', type: undefined, code: undefined };
