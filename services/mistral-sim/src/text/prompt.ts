/**
 * Reads what was asked, from a request of either dialect, as loosely as possible: validation is another file's work.
 *
 * Two things must not depend on the dialect, because a test compares answers across them: the text that seeds the
 * answer, and the token count. So only roles and plain text count (a `developer` is a `system`, a thinking chunk is
 * left out, an empty message does not exist), and a trailing assistant message with `prefix: true` is apart: a
 * continuation is asked of the same prompt.
 */
import { asText, isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { countTokens } from './tokens.ts';

export interface Prompt {
  /** All that seeds the answer. */
  readonly text: string;
  readonly lastRole: string;
  readonly lastUserText: string;
  /** What a `prefix: true` message said; undefined when there is none. */
  readonly prefix: string | undefined;
  /** Prompt tokens, the prefix, tools and images included. */
  readonly tokens: number;
}

/** Every message costs its role and separators as well. */
const TOKENS_PER_MESSAGE = 4;
/** About what a picture of one megapixel costs on Mistral's current models; `detail: low` is OpenAI's flat 85. */
const TOKENS_PER_IMAGE = 1024;
const TOKENS_PER_SMALL_IMAGE = 85;
const TOKENS_PER_DOCUMENT = 2048;
const TOKENS_PER_AUDIO = 512;

export function readPrompt(request: JsonObject): Prompt {
  const messages = isArray(request['messages']) ? request['messages'].filter(isObject) : undefined;
  if (messages === undefined) return readCompletionPrompt(request);
  const last = messages.at(-1);
  const prefix = last?.['prefix'] === true && last['role'] === 'assistant' ? textOf(last['content']) : undefined;
  const asked = prefix === undefined ? messages : messages.slice(0, -1);
  let text = '';
  let lastUserText = '';
  let tokens = 0;
  for (const message of asked) {
    const role = message['role'] === 'developer' ? 'system' : asText(message['role']);
    const said = textOf(message['content']);
    const calls = isArray(message['tool_calls']) ? countTokens(JSON.stringify(message['tool_calls'])) : 0;
    tokens += TOKENS_PER_MESSAGE + countTokens(said) + calls + attachmentTokens(message['content']);
    if (said !== '') text += `${role}\n${said}\n`;
    if (role === 'user') lastUserText = said;
  }
  if (prefix !== undefined) tokens += TOKENS_PER_MESSAGE + countTokens(prefix);
  if (isArray(request['tools']) && request['tools'].length > 0) tokens += countTokens(JSON.stringify(request['tools']));
  return { text, lastRole: asText(asked.at(-1)?.['role']), lastUserText, prefix, tokens };
}

function readCompletionPrompt(request: JsonObject): Prompt {
  const before = asText(request['prompt']);
  const after = asText(request['suffix']);
  const text = after === '' ? before : `${before}\n${after}`;
  return { text, lastRole: 'user', lastUserText: before, prefix: undefined, tokens: 1 + countTokens(text) };
}

export function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!isArray(content)) return '';
  let text = '';
  for (const part of content) {
    if (isObject(part) && part['type'] === 'text') text += asText(part['text']);
  }
  return text;
}

function attachmentTokens(content: Json | undefined): number {
  if (!isArray(content)) return 0;
  let tokens = 0;
  for (const part of content) {
    if (!isObject(part)) continue;
    const kind = asText(part['type']);
    if (kind === 'image_url') {
      const image = part['image_url'];
      tokens += isObject(image) && image['detail'] === 'low' ? TOKENS_PER_SMALL_IMAGE : TOKENS_PER_IMAGE;
    } else if (kind === 'document_url' || kind === 'file') tokens += TOKENS_PER_DOCUMENT;
    else if (kind === 'input_audio') tokens += TOKENS_PER_AUDIO;
    else if (kind === 'thinking') tokens += countTokens(JSON.stringify(part['thinking'] ?? ''));
  }
  return tokens;
}
