import { isObject, listOf, pick, stringOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { contentToMistral } from './content-to-mistral.ts';
import { withoutSchemaIds } from './json-schema.ts';
import { messagesToMistral } from './messages-to-mistral.ts';
import { mistralReasoningEffort, reasons } from './reasoning-effort.ts';
import { toolsToMistral } from './tools-to-mistral.ts';
import { untranslatable } from './untranslatable.ts';

/**
 * An OpenAI chat request as Mistral's. Mistral's schema is closed on every level, so this builds a new object out of
 * known fields instead of deleting known strangers: what OpenAI adds tomorrow is dropped, not answered with a 422.
 */
export function chatToMistral(json: JsonObject, model: string): JsonObject {
  if (listOf(json.functions).length > 0) throw untranslatable('functions', 'send tools instead, their successor.');
  const written: JsonObject = {
    model,
    messages: messagesToMistral(listOf(json.messages), { replayThinking: reasons(model) }),
    ...pick(json, SHARED),
    ...toolsToMistral(json),
  };
  set(written, 'temperature', temperature(json.temperature));
  set(written, 'max_tokens', json.max_completion_tokens ?? json.max_tokens);
  set(written, 'random_seed', seed(json.seed ?? json.random_seed));
  set(written, 'stop', stop(json.stop));
  set(written, 'response_format', responseFormat(json.response_format));
  set(written, 'prediction', prediction(json.prediction));
  set(written, 'reasoning_effort', mistralReasoningEffort(model, json.reasoning_effort));
  if (json.service_tier === 'auto' || json.service_tier === 'standard_only') written.service_tier = json.service_tier;
  return written;
}

/** Fields of the same name and meaning, and Mistral's own, which a client of either dialect may know and want. */
const SHARED = [
  'stream',
  'top_p',
  'metadata',
  'presence_penalty',
  'frequency_penalty',
  'n',
  'parallel_tool_calls',
  'prompt_cache_key',
  'prompt_mode',
  'guardrails',
  'safe_prompt',
];

function set(written: JsonObject, field: string, value: Json | undefined): void {
  if (value !== undefined && value !== null) written[field] = value;
}

/** OpenAI's scale ends at 2, Mistral's at 1.5: the hottest it has is closer to what was meant than a refusal. */
function temperature(value: Json | undefined): Json | undefined {
  return typeof value === 'number' ? Math.min(value, MAX_TEMPERATURE) : value;
}

const MAX_TEMPERATURE = 1.5;

/** Mistral's seed has no sign; the same seed still gives the same number. */
function seed(value: Json | undefined): Json | undefined {
  return typeof value === 'number' ? Math.abs(value) : value;
}

function stop(value: Json | undefined): Json | undefined {
  return value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value;
}

function responseFormat(format: Json | undefined): Json | undefined {
  if (!isObject(format)) return undefined;
  const written = pick(format, ['type']);
  if (!isObject(format.json_schema)) return written;
  const { schema } = format.json_schema;
  return {
    ...written,
    json_schema: {
      ...pick(format.json_schema, ['name', 'description', 'strict']),
      schema: isObject(schema) ? withoutSchemaIds(schema) : { type: 'object' },
    },
  };
}

/** Mistral predicts from one string; OpenAI's may come in parts. */
function prediction(value: Json | undefined): Json | undefined {
  if (!isObject(value)) return undefined;
  const content = contentToMistral(value.content, 'prediction.content');
  const text = typeof content === 'string' ? content : content.map((part) => stringOf(part.text) ?? '').join('');
  return { type: 'content', content: text };
}
