import { encodeJson, isObject, listOf, stringOf } from '../json.ts';
import type { ToolIds } from '../request/tool-ids.ts';
import type { Json, JsonObject } from '../wire.ts';

/**
 * Tool calls as OpenAI's clients need them: `type` always there, arguments always text. Ids are kept. `indexed` is for
 * the deltas of a stream, which OpenAI's clients put together by their index.
 */
export function toolCallsToOpenai(calls: Json | undefined, options: { readonly indexed: boolean }): JsonObject[] {
  const written: JsonObject[] = [];
  for (const [position, call] of listOf(calls).entries()) {
    if (!isObject(call)) continue;
    const made = isObject(call.function) ? call.function : {};
    const index = typeof call.index === 'number' ? call.index : position;
    written.push({
      ...(options.indexed ? { index } : {}),
      id: stringOf(call.id),
      type: 'function',
      function: { name: stringOf(made.name), arguments: argumentsOf(made.arguments, options.indexed ? '' : '{}') },
    });
  }
  return written;
}

/**
 * Tool calls as Mistral sends them. The ids are made valid for Mistral: the client will send them back in its next
 * request, which may well go to a Mistral model that accepts no other.
 */
export function toolCallsToMistral(calls: Json | undefined, ids: ToolIds): JsonObject[] {
  const written: JsonObject[] = [];
  for (const call of listOf(calls)) {
    if (!isObject(call) || !isObject(call.function)) continue;
    const made = call.function;
    const index = written.length;
    written.push({
      id: ids.map(stringOf(call.id) ?? `call_${index}`),
      type: 'function',
      function: { name: stringOf(made.name) ?? '', arguments: argumentsOf(made.arguments, '{}') },
      index,
    });
  }
  return written;
}

/** A call without arguments is `{}` when it is whole; in a stream the text may still be on its way. */
function argumentsOf(value: Json | undefined, none: string): string {
  if (value === undefined || value === null || value === '') return none;
  return typeof value === 'string' ? value : encodeJson(value);
}
