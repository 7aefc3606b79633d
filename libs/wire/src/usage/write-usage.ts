import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { readUsage } from './read-usage.ts';

/** OpenAI's shape: the three counts and both details, nothing of Mistral's audio and request counters. */
export function openaiUsage(value: Json | undefined): JsonObject | undefined {
  const usage = readUsage(value);
  if (usage === undefined) return undefined;
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.totalTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  };
}

/** Mistral's shape. Its clients fail on a missing or null usage, so an answer without one counts zeros. */
export function mistralUsage(value: Json | undefined): JsonObject {
  const usage = readUsage(value);
  const written: JsonObject = {
    prompt_tokens: usage?.promptTokens ?? 0,
    total_tokens: usage?.totalTokens ?? 0,
    completion_tokens: usage?.completionTokens ?? 0,
    prompt_tokens_details: { cached_tokens: usage?.cachedTokens ?? 0 },
  };
  if (isObject(value) && isObject(value.completion_tokens_details)) {
    written.completion_tokens_details = { reasoning_tokens: usage?.reasoningTokens ?? 0 };
  }
  return written;
}
