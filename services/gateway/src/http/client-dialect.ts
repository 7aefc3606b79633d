/**
 * Which dialect a client speaks when its path does not say. A body that uses a field of OpenAI's alone tells by itself
 * (wire sees to that); here is what the headers tell, for bodies of shared fields only. It matters: OpenAI's clients
 * stumble over what Mistral's answers leave out, such as the type of a tool call.
 *
 * Vercel's AI SDK sends the same headers whichever of its providers is used, so these are told apart by a habit: the
 * one for Mistral writes every user message as a list of parts and an image as plain text, the ones for OpenAI write a
 * lone text as text and an image as an object. Where a body shows neither, it is taken for Mistral's.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { ClientRequest, Dialect, Json } from '@leeward/wire';

/** OpenAI's own SDKs and those built on them, by a header; the others that are made for its API, by their name. */
export function dialectByHeaders(headers: IncomingHttpHeaders): Dialect | 'auto' {
  if (headers['x-stainless-lang'] !== undefined) return 'openai';
  return /openai/i.test(headers['user-agent'] ?? '') ? 'openai' : 'auto';
}

/** The request as it was read, but for the dialect of one that the AI SDK's habit gives away as OpenAI's. */
export function withDialectByHabit(client: ClientRequest, headers: IncomingHttpHeaders): ClientRequest {
  if (client.surface !== 'chat' || client.dialect === 'openai' || !isAiSdk(headers)) return client;
  const { messages } = client.outline;
  return Array.isArray(messages) && messages.some(isUserOfOpenai) ? asOpenai(client) : client;
}

/** Had the body asked for usage in its stream, that field would have told its dialect already. */
function asOpenai(client: ClientRequest): ClientRequest {
  const { surface, bytes, outline, model, stream } = client;
  // Not spread: that would parse the whole body here.
  return {
    surface,
    dialect: 'openai',
    bytes,
    outline,
    get json() {
      return client.json;
    },
    model,
    stream,
    includeUsage: false,
  };
}

function isAiSdk(headers: IncomingHttpHeaders): boolean {
  return headers['user-agent']?.includes('ai-sdk-provider-utils/') === true;
}

function isUserOfOpenai(message: Json): boolean {
  if (!isObject(message) || message['role'] !== 'user') return false;
  const { content } = message;
  if (typeof content === 'string') return true;
  return Array.isArray(content) && content.some((part) => isObject(part) && isObject(part['image_url']));
}

function isObject(json: Json | undefined): json is { [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
