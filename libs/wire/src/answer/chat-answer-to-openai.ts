import { isObject, listOf, stringOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { openaiUsage } from '../usage/write-usage.ts';
import { readContent } from './content.ts';
import { toolCallsToOpenai } from './tool-calls.ts';

/** A whole Mistral answer for an OpenAI client. Fields that only Mistral has stay: OpenAI's clients tolerate them. */
export function chatAnswerToOpenai(json: JsonObject): JsonObject {
  const { p: _padding, usage, ...kept } = json;
  return {
    ...kept,
    object: 'chat.completion',
    choices: listOf(json.choices).map(choiceToOpenai),
    usage: openaiUsage(usage),
  };
}

function choiceToOpenai(choice: Json, position: number): JsonObject {
  if (!isObject(choice))
    return { index: position, message: { role: 'assistant', content: null }, finish_reason: 'stop' };
  const message = isObject(choice.message) ? choice.message : {};
  const { text, thinking } = readContent(message.content);
  const calls = toolCallsToOpenai(message.tool_calls, { indexed: false });
  const silent = text === '' && (calls.length > 0 || message.content === null);
  const written: JsonObject = { role: 'assistant', content: silent ? null : text, refusal: null };
  if (thinking !== '') written.reasoning_content = thinking;
  if (calls.length > 0) written.tool_calls = calls;
  return {
    index: choice.index ?? position,
    message: written,
    logprobs: choice.logprobs ?? null,
    finish_reason: openaiFinishReason(choice.finish_reason),
  };
}

/** `model_length` is Mistral's word for a full context window. */
export function openaiFinishReason(reason: Json | undefined): string | null {
  return reason === 'model_length' ? 'length' : (stringOf(reason) ?? null);
}
