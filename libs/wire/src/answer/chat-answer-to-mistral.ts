import { isObject, listOf, stringOf } from '../json.ts';
import { ToolIds } from '../request/tool-ids.ts';
import type { Json, JsonObject } from '../wire.ts';
import { mistralUsage } from '../usage/write-usage.ts';
import { readContent, readReasoning, thinkingChunk } from './content.ts';
import { toolCallsToMistral } from './tool-calls.ts';

/** A whole OpenAI answer for a Mistral client, whose SDK fails on a missing usage, finish reason or id. */
export function chatAnswerToMistral(json: JsonObject, model: string): JsonObject {
  const ids = new ToolIds();
  return {
    id: stringOf(json.id) ?? 'unknown',
    object: 'chat.completion',
    created: typeof json.created === 'number' ? json.created : 0,
    model: stringOf(json.model) ?? model,
    usage: mistralUsage(json.usage),
    choices: listOf(json.choices).map((choice, position) => choiceToMistral(choice, position, ids)),
  };
}

function choiceToMistral(choice: Json, position: number, ids: ToolIds): JsonObject {
  const fields = isObject(choice) ? choice : {};
  const message = isObject(fields.message) ? fields.message : {};
  const calls = toolCallsToMistral(message.tool_calls, ids);
  return {
    index: fields.index ?? position,
    finish_reason: mistralFinishReason(fields.finish_reason) ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
    message: { role: 'assistant', tool_calls: calls.length > 0 ? calls : null, content: mistralContent(message) },
  };
}

/** Text, or an array that begins with a thinking chunk. A refusal is what the model said instead of an answer. */
export function mistralContent(message: JsonObject): string | JsonObject[] {
  const { text, thinking } = readContent(message.content);
  const thought = thinking === '' ? readReasoning(message) : thinking;
  const said = text === '' ? (stringOf(message.refusal) ?? '') : text;
  if (thought === '') return said;
  return said === '' ? [thinkingChunk(thought)] : [thinkingChunk(thought), { type: 'text', text: said }];
}

/** Mistral's clients accept any word; only the retired `function_call` has a successor they act on. */
export function mistralFinishReason(reason: Json | undefined): string | undefined {
  return reason === 'function_call' ? 'tool_calls' : stringOf(reason);
}
