import { isObject } from '../json.ts';
import type { Json, JsonObject, Usage } from '../wire.ts';

/**
 * Token counts from a `usage` object, under every name seen for them. Undefined when the object counts nothing.
 * A count that is no whole positive number is taken as 0: it goes into sums and money.
 */
export function readUsage(value: Json | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  if (value.prompt_tokens === undefined && value.completion_tokens === undefined && value.total_tokens === undefined) {
    return undefined;
  }
  const promptTokens = count(value.prompt_tokens);
  const completionTokens = count(value.completion_tokens);
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(value.total_tokens) || promptTokens + completionTokens,
    cachedTokens: Math.min(cachedTokens(value), promptTokens),
    reasoningTokens: count(detail(value.completion_tokens_details, 'reasoning_tokens')),
    serviceTier: typeof value.service_tier === 'string' ? value.service_tier : undefined,
  };
}

/** `prompt_token_details`, without the s, is Mistral's own spelling in some answers. */
function cachedTokens(usage: JsonObject): number {
  return (
    count(detail(usage.prompt_tokens_details, 'cached_tokens')) ||
    count(detail(usage.prompt_token_details, 'cached_tokens')) ||
    count(usage.num_cached_tokens)
  );
}

function detail(details: Json | undefined, field: string): Json | undefined {
  return isObject(details) ? details[field] : undefined;
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
