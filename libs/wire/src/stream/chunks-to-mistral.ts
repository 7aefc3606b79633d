import { mistralContent, mistralFinishReason } from '../answer/chat-answer-to-mistral.ts';
import { isObject, listOf } from '../json.ts';
import { ToolIds } from '../request/tool-ids.ts';
import type { ClientRequest, Json, JsonObject, StreamTranslator } from '../wire.ts';
import { mistralUsage } from '../usage/write-usage.ts';
import { cutField, encodeChunk, DONE } from './encode.ts';
import { errorFrame, rememberNames, type StreamNames } from './error-chunk.ts';
import { ToolCallFragments } from './tool-call-fragments.ts';

/**
 * OpenAI's chunks for a Mistral client. Three things its clients cannot bear set the rules: a chunk without choices, a
 * null usage, and a tool call in pieces. So the chunk that ends a choice is held back until the usage that follows it
 * has come, and leaves with it, the way Mistral sends it; and tool calls are collected until their choice ends.
 */
export class ChunksToMistral implements StreamTranslator {
  readonly #names: StreamNames;
  readonly #ids = new ToolIds();
  readonly #fragments = new Map<number, ToolCallFragments>();
  /** The chunk that ends a choice, waiting for the usage. */
  #held: JsonObject | undefined;

  constructor(request: ClientRequest) {
    this.#names = { id: 'unknown', created: 0, model: request.model };
  }

  push(json: JsonObject, raw: Buffer | undefined): Buffer | undefined {
    rememberNames(this.#names, json);
    const error = errorFrame(json, this.#names);
    if (error !== undefined) return error;
    const choices = listOf(json.choices).filter(isObject);
    if (choices.length === 0) return isObject(json.usage) ? this.#release(json.usage) : undefined;

    const fast = this.#held === undefined ? this.#asItIs(json, choices, raw) : undefined;
    if (fast !== undefined) return fast;

    const written = choices.map((choice, position) => this.#choice(choice, position));
    const shown = written.filter((choice) => choice !== undefined);
    if (shown.length === 0) return undefined;
    const chunk: JsonObject = { ...this.#head(), choices: shown };
    if (json.error !== undefined) chunk.error = json.error;
    if (isObject(json.usage)) chunk.usage = mistralUsage(json.usage);
    const before = this.#release(undefined);
    const ends = shown.some((choice) => choice.finish_reason !== null);
    if (ends && chunk.usage === undefined) {
      this.#held = chunk;
      return before;
    }
    const bytes = encodeChunk(chunk);
    return before === undefined ? bytes : Buffer.concat([before, bytes]);
  }

  end(): Buffer {
    const held = this.#release(undefined);
    return held === undefined ? DONE : Buffer.concat([held, DONE]);
  }

  #head(): JsonObject {
    const { id, created, model } = this.#names;
    return { id, object: 'chat.completion.chunk', created, model };
  }

  /** Lets the held chunk go, with the usage if it has come. Usage that comes with nothing held has nowhere to go. */
  #release(usage: Json | undefined): Buffer | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    this.#held = undefined;
    return encodeChunk(usage === undefined ? held : { ...held, usage: mistralUsage(usage) });
  }

  /** The chunk's own bytes, if it carries text alone and has all that Mistral's clients need. */
  #asItIs(json: JsonObject, choices: readonly JsonObject[], raw: Buffer | undefined): Buffer | undefined {
    if (raw === undefined || typeof json.id !== 'string' || typeof json.model !== 'string') return undefined;
    if (json.error !== undefined || !choices.every(isAlike)) return undefined;
    if (json.usage === undefined) return raw;
    return json.usage === null ? cutField(raw, ',"usage":null') : undefined;
  }

  #choice(choice: JsonObject, position: number): JsonObject | undefined {
    const index = typeof choice.index === 'number' ? choice.index : position;
    const delta = isObject(choice.delta) ? choice.delta : {};
    const fragments = this.#fragments.get(index) ?? new ToolCallFragments();
    fragments.add(delta.tool_calls);
    if (fragments.size > 0 && this.#fragments.size < MAX_CHOICES) this.#fragments.set(index, fragments);

    const ended = mistralFinishReason(choice.finish_reason) ?? null;
    // Calls that outgrew the bound are not given out in part: the choice ends with an error instead.
    const finishReason = ended !== null && fragments.overflown ? 'error' : ended;
    const calls = finishReason === null || finishReason === 'error' ? [] : fragments.take(this.#ids);
    const content = mistralContent(delta);
    const silent = content === '' && delta.role === undefined && delta.content !== '';
    if (finishReason === null && silent) return undefined;
    const written: JsonObject = delta.role === undefined ? { content } : { role: 'assistant', content };
    if (calls.length > 0) written.tool_calls = calls;
    return { index, delta: written, finish_reason: finishReason };
  }
}

/** A choice that Mistral's clients read as it is. */
function isAlike(choice: JsonObject): boolean {
  if (typeof choice.index !== 'number' || choice.finish_reason !== null || !isObject(choice.delta)) return false;
  for (const field in choice.delta) {
    const value = choice.delta[field];
    if (field === 'content' ? typeof value !== 'string' : field !== 'role' && value !== null) return false;
  }
  return true;
}

/** More than any client asks for; an upstream's index is not to be trusted with memory. */
const MAX_CHOICES = 128;
