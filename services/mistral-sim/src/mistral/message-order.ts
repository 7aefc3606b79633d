/**
 * The order in which roles may follow each other, and what ties tool results to tool calls: the rules of the reference
 * validator (mistral-common), with its messages. Older tokenizers (v3) are stricter than newer ones (v7, v13).
 */
import type { Model } from '../models.ts';
import { badFunctionCall, badOrder, refuse } from './errors.ts';
import type { Message } from './schema-content.ts';

type Role = Message['role'];

const SUCCESSORS: Readonly<Record<Role, readonly Role[]>> = {
  system: ['user', 'assistant', 'system'],
  user: ['assistant', 'system', 'user'],
  assistant: ['assistant', 'user', 'tool'],
  tool: ['assistant', 'tool', 'user'],
};

export function checkMessageOrder(messages: readonly Message[], model: Model): void {
  const [first] = messages;
  const last = messages.at(-1);
  if (first === undefined || last === undefined) throw badOrder('Conversation must have at least one message');
  if (first.role !== 'user' && first.role !== 'system') {
    throw badOrder('Conversation must start with a user message or system message');
  }
  let previous: Role | undefined;
  for (const message of messages) {
    if (previous !== undefined && !SUCCESSORS[previous].includes(message.role)) {
      throw badOrder(`Unexpected role '${message.role}' after role '${previous}'`);
    }
    if (message.role === 'assistant') checkAssistant(message, model);
    previous = message.role;
  }
  const prefixed = last.role === 'assistant' && last.prefix === true;
  if (last.role === 'assistant' && !prefixed) {
    throw badOrder('Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant');
  }
  checkToolResults(messages, model);
}

function checkAssistant(message: Extract<Message, { role: 'assistant' }>, model: Model): void {
  const content = message.content ?? '';
  const calls = message.tool_calls ?? [];
  if (content.length === 0 && calls.length === 0 && message.prefix !== true) {
    throw refuse(400, {
      message: 'Assistant message must have either content or tool_calls, but not none.',
      type: 'invalid_request_error',
      code: null,
    });
  }
  if (model.profile === 'v3' && content.length > 0 && calls.length > 0) {
    throw refuse(400, {
      message: 'Assistant message must have either content or tool_calls, but not both.',
      type: 'invalid_request_error',
      code: null,
    });
  }
  if (model.anyToolCallId) return;
  for (const { id } of calls) {
    if (id === undefined || id === null || !/^[a-zA-Z0-9]{9}$/.test(id)) {
      throw badFunctionCall(`Tool call id was ${id ?? 'null'} but must be a-z, A-Z, 0-9, with a length of 9.`);
    }
  }
}

function checkToolResults(messages: readonly Message[], model: Model): void {
  let expected: readonly string[] = [];
  let results: string[] = [];
  const close = () => {
    if (results.length !== expected.length) throw badOrder('Not the same number of function calls and responses');
    if (model.profile === 'v13') checkIds(expected, results);
    expected = [];
    results = [];
  };
  for (const message of messages) {
    if (message.role === 'tool') {
      results.push(message.tool_call_id ?? 'null');
      continue;
    }
    close();
    if (message.role === 'assistant') expected = (message.tool_calls ?? []).map((call) => call.id ?? 'null');
  }
  close();
}

function checkIds(expected: readonly string[], results: readonly string[]): void {
  const seen = new Set<string>();
  for (const id of expected) {
    if (id !== 'null' && seen.has(id)) throw badOrder(`Duplicate tool call id ${id}`);
    seen.add(id);
  }
  for (const id of results) {
    if (!seen.has(id)) throw badOrder(`Unexpected tool call id ${id} in tool results`);
  }
}
