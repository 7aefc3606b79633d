import { describe, isObject, listOf, stringOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { argumentsText, contentToOpenai, textToOpenai } from './content-to-openai.ts';
import { untranslatable } from './untranslatable.ts';

/**
 * Mistral's messages as OpenAI takes them. Mistral lets a call and its result leave out the id; OpenAI does not, so
 * calls without one are numbered and results without one answer them in order.
 */
export function messagesToOpenai(messages: readonly Json[]): JsonObject[] {
  const unanswered: string[] = [];
  return messages.map((message, index) => {
    const path = `messages[${index}]`;
    if (!isObject(message)) throw untranslatable(path, `expected an object, found ${describe(message)}.`);
    switch (stringOf(message.role) ?? '') {
      case 'system':
      case 'developer':
        return { role: message.role, content: textToOpenai(message.content, `${path}.content`) };
      case 'user':
        return { role: 'user', content: contentToOpenai(message.content, `${path}.content`) };
      case 'assistant':
        return assistant(message, path, unanswered);
      case 'tool':
        return {
          role: 'tool',
          content: textToOpenai(message.content, `${path}.content`),
          tool_call_id: stringOf(message.tool_call_id) ?? unanswered.shift() ?? 'call_unknown',
        };
      default:
        throw untranslatable(`${path}.role`, `an OpenAI target has no role like ${describe(message.role)}.`);
    }
  });
}

function assistant(message: JsonObject, path: string, unanswered: string[]): JsonObject {
  const content = textToOpenai(message.content, `${path}.content`);
  const calls = listOf(message.tool_calls).map((call, index) => {
    const written = toolCall(call, `${path}.tool_calls[${index}]`);
    if (written.id === undefined) {
      const id = `call_${path.replace(/\D/g, '')}_${index}`;
      unanswered.push(id);
      written.id = id;
    }
    return written;
  });
  if (calls.length === 0) return { role: 'assistant', content };
  return { role: 'assistant', content: content === '' ? null : content, tool_calls: calls };
}

function toolCall(call: Json, path: string): JsonObject {
  const made = isObject(call) ? call.function : undefined;
  if (!isObject(call) || !isObject(made) || typeof made.name !== 'string') {
    throw untranslatable(path, 'expected a function with a name.');
  }
  const id = call.id === 'null' ? undefined : stringOf(call.id);
  return { id, type: 'function', function: { name: made.name, arguments: argumentsText(made.arguments) } };
}
