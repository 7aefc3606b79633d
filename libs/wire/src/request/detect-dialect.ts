import { isObject, listOf } from '../json.ts';
import type { Dialect, Json, JsonObject } from '../wire.ts';

/**
 * Which dialect a body is written in, when the path does not say. The two share most fields, so a body is OpenAI's only
 * if it uses something that Mistral's closed schema refuses with a 422: read as Mistral's it could never succeed, read
 * as OpenAI's it is translated, and fields of Mistral's own survive that. A body of shared fields alone is Mistral's,
 * and goes through byte for byte.
 */
export function detectDialect(json: JsonObject): Dialect {
  for (const field of OPENAI_FIELDS) if (json[field] !== undefined) return 'openai';
  if (json.service_tier === 'default' || json.service_tier === 'flex' || json.service_tier === 'priority')
    return 'openai';
  return listOf(json.messages).some(isOpenaiMessage) ? 'openai' : 'mistral';
}

const OPENAI_FIELDS = [
  'max_completion_tokens',
  'seed',
  'stream_options',
  'store',
  'user',
  'dimensions',
  'logit_bias',
  'verbosity',
  'safety_identifier',
  'web_search_options',
  'modalities',
  'audio',
  'functions',
  'function_call',
];

function isOpenaiMessage(message: Json): boolean {
  if (!isObject(message)) return false;
  if (message.role === 'developer' || message.refusal !== undefined) return true;
  if (message.name !== undefined && message.role !== 'tool') return true;
  return Array.isArray(message.content) && message.content.some(isOpenaiPart);
}

function isOpenaiPart(part: Json): boolean {
  return isObject(part) && (isObject(part.file) || isObject(part.input_audio));
}
