import { isObject, listOf, stringOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';

/** A message's content taken apart: Mistral may send text, or an array of text, thinking and reference chunks. */
export interface Content {
  readonly text: string;
  readonly thinking: string;
  /** Chunks that are neither: shown by Mistral's clients, unknown to OpenAI's. */
  readonly other: boolean;
}

/** All pieces of a kind are joined: an answer may interleave them, and each is a part of the whole. */
export function readContent(content: Json | undefined): Content {
  if (typeof content === 'string') return { text: content, thinking: '', other: false };
  let text = '';
  let thinking = '';
  let other = false;
  for (const chunk of listOf(content)) {
    if (typeof chunk === 'string') text += chunk;
    else if (!isObject(chunk)) continue;
    else if (chunk.type === 'text') text += stringOf(chunk.text) ?? '';
    else if (chunk.type === 'thinking') thinking += thinkingText(chunk.thinking);
    else other = true;
  }
  return { text, thinking, other };
}

function thinkingText(thinking: Json | undefined): string {
  if (typeof thinking === 'string') return thinking;
  let text = '';
  for (const piece of listOf(thinking)) {
    if (typeof piece === 'string') text += piece;
    else if (isObject(piece)) text += stringOf(piece.text) ?? '';
  }
  return text;
}

/** Reasoning beside the content, under the two names that OpenAI-compatible servers give it. */
export function readReasoning(message: JsonObject): string {
  return stringOf(message.reasoning_content) || (stringOf(message.reasoning) ?? '');
}

export function thinkingChunk(text: string): JsonObject {
  return { type: 'thinking', thinking: [{ type: 'text', text }], closed: true };
}
