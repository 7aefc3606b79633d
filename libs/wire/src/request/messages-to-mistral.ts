import { describe, isObject, listOf, stringOf, textOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { contentToMistral } from './content-to-mistral.ts';
import { ToolIds } from './tool-ids.ts';
import { untranslatable } from './untranslatable.ts';

/**
 * OpenAI's messages as Mistral takes them: roles and fields of the closed schema only, tool-call ids consistent within
 * the request, no empty assistant message, no system message where the order rules forbid one, and a conversation that
 * ends with the assistant marked as the beginning of the answer.
 */
export function messagesToMistral(
  messages: readonly Json[],
  options: { readonly replayThinking: boolean },
): JsonObject[] {
  const ids = new ToolIds(knownIds(messages));
  const written: JsonObject[] = [];
  for (const [index, message] of messages.entries()) {
    const path = `messages[${index}]`;
    if (!isObject(message)) throw untranslatable(path, `expected an object, found ${describe(message)}.`);
    const translated = messageToMistral(message, path, ids, options.replayThinking);
    if (translated !== undefined) place(written, translated);
  }
  const last = written.at(-1);
  if (last?.role === 'assistant' && last.tool_calls === undefined) last.prefix = true;
  return written;
}

function messageToMistral(
  message: JsonObject,
  path: string,
  ids: ToolIds,
  replayThinking: boolean,
): JsonObject | undefined {
  const content = () => contentToMistral(message.content, `${path}.content`);
  switch (stringOf(message.role) ?? '') {
    case 'system':
    case 'developer':
      return { role: 'system', content: content() };
    case 'user':
      return { role: 'user', content: content() };
    case 'assistant':
      return assistant(message, path, ids, replayThinking);
    case 'tool': {
      const written: JsonObject = { role: 'tool', content: content() };
      if (typeof message.tool_call_id === 'string') written.tool_call_id = ids.map(message.tool_call_id);
      const name = textOf(message.name);
      if (name !== undefined) written.name = name;
      return written;
    }
    default:
      throw untranslatable(`${path}.role`, `a Mistral target has no role like ${describe(message.role)}.`);
  }
}

function assistant(message: JsonObject, path: string, ids: ToolIds, replayThinking: boolean): JsonObject | undefined {
  let content = contentToMistral(message.content, `${path}.content`);
  if (!replayThinking && typeof content !== 'string') content = content.filter((chunk) => chunk.type !== 'thinking');
  if (isEmpty(content)) content = textOf(message.refusal) ?? '';
  const calls = listOf(message.tool_calls).map((call, index) => toolCall(call, `${path}.tool_calls[${index}]`, ids));
  if (isEmpty(content) && calls.length === 0) return undefined;

  const thought = replayThinking ? (textOf(message.reasoning_content) ?? textOf(message.reasoning)) : undefined;
  const written: JsonObject = { role: 'assistant', content: thought === undefined ? content : think(thought, content) };
  if (calls.length > 0) written.tool_calls = calls;
  if (message.prefix === true) written.prefix = true;
  return written;
}

function think(thought: string, content: string | JsonObject[]): JsonObject[] {
  const thinking: JsonObject = { type: 'thinking', thinking: [{ type: 'text', text: thought }], closed: true };
  if (typeof content !== 'string') {
    return content.some((chunk) => chunk.type === 'thinking') ? content : [thinking, ...content];
  }
  return content === '' ? [thinking] : [thinking, { type: 'text', text: content }];
}

function toolCall(call: Json, path: string, ids: ToolIds): JsonObject {
  const made = isObject(call) ? call.function : undefined;
  if (!isObject(call) || !isObject(made) || typeof made.name !== 'string') {
    throw untranslatable(path, 'only calls of functions can be sent to a Mistral target.');
  }
  const written: JsonObject = {
    type: 'function',
    function: {
      name: made.name,
      arguments: isObject(made.arguments) ? made.arguments : (textOf(made.arguments) ?? '{}'),
    },
  };
  if (typeof call.id === 'string') written.id = ids.map(call.id);
  return written;
}

/** Nothing in it to show: such an assistant message is refused with a 400. */
function isEmpty(content: string | readonly JsonObject[]): boolean {
  return typeof content === 'string'
    ? content === ''
    : content.every((chunk) => chunk.type === 'text' && chunk.text === '');
}

/** Mistral allows a system message at the start and after a user's; any other joins the ones at the start. */
function place(written: JsonObject[], message: JsonObject): void {
  const before = written.at(-1)?.role;
  if (message.role !== 'system' || (before !== 'assistant' && before !== 'tool')) {
    written.push(message);
    return;
  }
  const start = written.findIndex(({ role }) => role !== 'system');
  written.splice(start, 0, message);
}

function* knownIds(messages: readonly Json[]): Generator<string> {
  for (const message of messages) {
    if (!isObject(message)) continue;
    if (typeof message.tool_call_id === 'string') yield message.tool_call_id;
    for (const call of listOf(message.tool_calls)) {
      if (isObject(call) && typeof call.id === 'string') yield call.id;
    }
  }
}
