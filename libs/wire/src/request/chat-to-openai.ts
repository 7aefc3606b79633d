import { describe, isObject, listOf, pick } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { messagesToOpenai } from './messages-to-openai.ts';
import { untranslatable } from './untranslatable.ts';

/**
 * A Mistral chat request as OpenAI's. Built out of known fields, like the other direction: OpenAI answers an unknown
 * argument with a 400. Streams always ask for usage, because the gateway counts by it; whether the client sees it is
 * the stream translator's business.
 */
export function chatToOpenai(json: JsonObject, model: string, stream: boolean): JsonObject {
  const written: JsonObject = {
    model,
    messages: messagesToOpenai(listOf(json.messages)),
    ...pick(json, SHARED),
  };
  set(written, 'max_completion_tokens', json.max_tokens);
  set(written, 'seed', json.random_seed);
  set(written, 'response_format', responseFormat(json.response_format));
  set(written, 'reasoning_effort', json.reasoning_effort === 'max' ? 'xhigh' : json.reasoning_effort);
  if (!Array.isArray(json.stop) || json.stop.length > 0) set(written, 'stop', json.stop);
  if (json.service_tier === 'auto') written.service_tier = 'auto';
  if (json.service_tier === 'standard_only') written.service_tier = 'default';
  const tools = listOf(json.tools);
  if (tools.length > 0) {
    written.tools = tools.map((tool, index) => toolToOpenai(tool, `tools[${index}]`));
    set(written, 'tool_choice', json.tool_choice === 'any' ? 'required' : json.tool_choice);
    set(written, 'parallel_tool_calls', json.parallel_tool_calls);
  }
  if (stream) written.stream_options = { include_usage: true };
  return written;
}

const SHARED = [
  'stream',
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'n',
  'prediction',
  'prompt_cache_key',
  'logprobs',
  'top_logprobs',
];

function set(written: JsonObject, field: string, value: Json | undefined): void {
  if (value !== undefined && value !== null) written[field] = value;
}

function toolToOpenai(tool: Json, path: string): JsonObject {
  if (!isObject(tool) || (tool.type ?? 'function') !== 'function' || !isObject(tool.function)) {
    const found = isObject(tool) ? tool.type : tool;
    throw untranslatable(path, `only function tools can be translated, found ${describe(found)}.`);
  }
  return { type: 'function', function: pick(tool.function, ['name', 'description', 'parameters', 'strict']) };
}

function responseFormat(format: Json | undefined): Json | undefined {
  if (!isObject(format)) return undefined;
  const written = pick(format, ['type']);
  if (isObject(format.json_schema)) {
    written.json_schema = pick(format.json_schema, ['name', 'description', 'schema', 'strict']);
  }
  return written;
}
