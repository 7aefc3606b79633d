import { encodeJson, isObject, listOf } from '../json.ts';
import type { ClientRequest, WireTarget } from '../wire.ts';
import { untranslatable } from './untranslatable.ts';
import { translateRequest } from './write-upstream-request.ts';

/**
 * Going on where a broken stream stopped: the same conversation, with what was already said as the beginning of the
 * assistant's answer, which Mistral completes (`prefix`). The answer may repeat that beginning; the relay removes it.
 */
export function writeContinuationRequest(request: ClientRequest, said: string, to: WireTarget): Buffer {
  if (to.dialect !== 'mistral')
    throw untranslatable('continuation', 'only Mistral targets continue a given beginning.');
  const json = translateRequest(request, to);
  if (said === '') return Buffer.from(encodeJson(json));
  const continued = {
    ...json,
    messages: [...listOf(json.messages), { role: 'assistant', content: said, prefix: true }],
  };
  if (typeof json.max_tokens !== 'number') return Buffer.from(encodeJson(continued));
  // The caller's limit is for the whole answer, of which a part is out already.
  const left = Math.max(1, json.max_tokens - Math.ceil(said.length / CHARS_PER_TOKEN));
  return Buffer.from(encodeJson({ ...continued, max_tokens: Math.min(left, json.max_tokens) }));
}

/** English text averages a little more; a limit that is met some words late is better than an answer cut early. */
const CHARS_PER_TOKEN = 5;

/**
 * Whether a stream of this request can be continued at all: one choice of plain text with no thinking asked for, from
 * the beginning of the answer. JSON formats are out: half an object continued is a likely syntax error. Tools may be
 * offered; whether a call was begun is for the relay to see.
 */
export function isContinuable(request: ClientRequest): boolean {
  const { outline: json } = request;
  if (request.surface !== 'chat' || !request.stream) return false;
  if ((json.n ?? 1) !== 1 || json.logprobs === true) return false;
  if (isObject(json.response_format) && json.response_format.type !== 'text') return false;
  if ((json.reasoning_effort ?? 'none') !== 'none' || (json.prompt_mode ?? undefined) !== undefined) return false;
  const last = listOf(json.messages).at(-1);
  return isObject(last) && last.role !== 'assistant';
}
