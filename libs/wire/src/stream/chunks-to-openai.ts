import { openaiFinishReason } from '../answer/chat-answer-to-openai.ts';
import { readContent } from '../answer/content.ts';
import { toolCallsToOpenai } from '../answer/tool-calls.ts';
import { isObject, listOf } from '../json.ts';
import type { ClientRequest, Json, JsonObject, StreamTranslator } from '../wire.ts';
import { openaiUsage } from '../usage/write-usage.ts';
import { cutField, encodeChunk, DONE } from './encode.ts';
import { errorFrame, rememberNames, type StreamNames } from './error-chunk.ts';

/**
 * Mistral's chunks for an OpenAI client. Most carry a piece of text and differ in nothing, so they go out as they came,
 * at most with the padding cut off. Usage moves from the last chunk into one of its own, if the client asked for it.
 */
export class ChunksToOpenai implements StreamTranslator {
  readonly #includeUsage: boolean;
  readonly #names: StreamNames;

  constructor(request: ClientRequest) {
    this.#includeUsage = request.includeUsage;
    this.#names = { id: 'unknown', created: 0, model: request.model };
  }

  push(json: JsonObject, raw: Buffer | undefined): Buffer | undefined {
    rememberNames(this.#names, json);
    const error = errorFrame(json, this.#names);
    if (error !== undefined) return error;
    if (json.usage === undefined && listOf(json.choices).every(isAlike)) {
      const fast = raw !== undefined && json.p !== undefined ? cutField(raw, ',"p":"', { through: '"' }) : raw;
      if (fast !== undefined) return fast;
    }
    const { p: _padding, usage, ...kept } = json;
    const chunk = encodeChunk({ ...kept, choices: listOf(json.choices).map(choiceToOpenai) });
    const counted = this.#includeUsage ? openaiUsage(usage) : undefined;
    if (counted === undefined) return chunk;
    return Buffer.concat([chunk, encodeChunk({ ...kept, choices: [], usage: counted })]);
  }

  end(): Buffer {
    return DONE;
  }
}

/** A choice that OpenAI's clients read as Mistral wrote it. */
function isAlike(choice: Json): boolean {
  if (!isObject(choice) || !isObject(choice.delta) || choice.finish_reason === 'model_length') return false;
  const { content, tool_calls: calls } = choice.delta;
  return !Array.isArray(content) && calls === undefined;
}

function choiceToOpenai(choice: Json, position: number): JsonObject {
  const fields = isObject(choice) ? choice : {};
  const delta = isObject(fields.delta) ? fields.delta : {};
  const { tool_calls: made, content, ...rest } = delta;
  const written: JsonObject = { ...rest };
  const { text, thinking } = readContent(content);
  if (thinking !== '') written.reasoning_content = thinking;
  if (text !== '' || (thinking === '' && content !== undefined)) written.content = text;
  const calls = toolCallsToOpenai(made, { indexed: true });
  if (calls.length > 0) written.tool_calls = calls;
  return {
    ...fields,
    index: fields.index ?? position,
    delta: written,
    finish_reason: openaiFinishReason(fields.finish_reason),
  };
}
