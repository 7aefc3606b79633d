/** /v1/conversations: start, append, read, forget; whole or as named events, which end without [DONE]. */
import { jsonReply, namedEvent, type Reply, type WholeReply } from '../http/reply.ts';
import { asText, isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { Kept } from '../kept.ts';
import type { Call } from '../personality.ts';
import { drawHex } from '../seeded-rng.ts';
import { answerFor } from '../text/answer.ts';
import { textOf } from '../text/prompt.ts';
import { countTokens, cutIntoGroups } from '../text/tokens.ts';
import { EVENT_STREAM_HEADERS } from './audio.ts';
import { admit, type InferenceDeps, modelFor } from './chat.ts';
import { errorFrame } from './chat-body.ts';
import { notFound, unprocessableConversation } from './errors.ts';
import { RETRY_HEADER } from './headers.ts';

interface Conversation {
  readonly id: string;
  readonly workspace: string;
  readonly model: string;
  readonly messages: { role: string; content: string }[];
}

/** More turns than a test makes; the oldest turns go first. */
const MOST_MESSAGES = 200;

const FIELDS = new Set([
  'inputs',
  'stream',
  'store',
  'handoff_execution',
  'instructions',
  'tools',
  'completion_args',
  'guardrails',
  'name',
  'description',
  'metadata',
  'agent_id',
  'agent_version',
  'model',
  'tool_confirmations',
]);

export class Conversations {
  readonly #deps: InferenceDeps;
  readonly #kept: Kept<Conversation>;

  constructor(deps: InferenceDeps) {
    this.#deps = deps;
    this.#kept = new Kept(deps.options.kept);
  }

  start(call: Call): Reply {
    check(call.json);
    const model = asText(call.json['model']) || 'mistral-medium-latest';
    const id = `conv_${drawHex(this.#deps.rng, 32)}`;
    const conversation: Conversation = { id, workspace: call.account.workspace, model, messages: [] };
    if (call.json['store'] !== false) this.#kept.set(id, conversation);
    return this.#answer(call, conversation);
  }

  append(call: Call): Reply {
    check(call.json);
    return this.#answer(call, this.#find(call));
  }

  get(call: Call): WholeReply {
    return jsonReply(200, card(this.#find(call)));
  }

  list(call: Call): WholeReply {
    return jsonReply(
      200,
      this.#kept
        .all()
        .filter((one) => one.workspace === call.account.workspace)
        .map(card),
    );
  }

  messages(call: Call): WholeReply {
    const { id, messages } = this.#find(call);
    return jsonReply(200, { object: 'conversation.messages', conversation_id: id, messages });
  }

  delete(call: Call): WholeReply {
    this.#kept.delete(this.#find(call).id);
    return { kind: 'whole', status: 204, headers: {}, body: '', tokens: 0 };
  }

  clear(): void {
    this.#kept.clear();
  }

  #answer(call: Call, conversation: Conversation): Reply {
    const deps = this.#deps;
    admit(deps, call, modelFor(deps.models, conversation.model, 'chat'));
    const { messages } = conversation;
    messages.push(...inputsOf(call.json['inputs']));
    const answer = answerFor({ messages });
    const promptTokens = messages.reduce((sum, message) => sum + countTokens(message.content), 0);
    messages.push({ role: 'assistant', content: answer.text });
    messages.splice(0, Math.max(0, messages.length - MOST_MESSAGES));
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: answer.tokens,
      total_tokens: promptTokens + answer.tokens,
      connector_tokens: null,
      connectors: null,
    };
    const id = `msg_${drawHex(deps.rng, 32)}`;
    const { id: conversation_id, model } = conversation;
    if (call.json['stream'] !== true) {
      const output = { object: 'entry', type: 'message.output', id, role: 'assistant', model, content: answer.text };
      const body = { object: 'conversation.response', conversation_id, outputs: [output], usage };
      return { ...jsonReply(200, body, RETRY_HEADER), tokens: answer.tokens };
    }
    const delta = { output_index: 0, id, content_index: 0, model, agent_id: null, role: 'assistant' };
    return {
      kind: 'stream',
      headers: EVENT_STREAM_HEADERS,
      frames: [
        namedEvent('conversation.response.started', { conversation_id }),
        ...cutIntoGroups(answer.text, () => 3).map((piece) =>
          namedEvent('message.output.delta', { ...delta, content: piece.text }, piece.tokens),
        ),
        namedEvent('conversation.response.done', { usage }),
      ],
      errorFrame: (form) =>
        form === 'finish'
          ? errorFrame({ id, created: 0, model }, form)
          : namedEvent('conversation.response.error', { message: 'Service unavailable.', code: 3800 }).text,
    };
  }

  #find(call: Call): Conversation {
    const conversation = this.#kept.get(call.params['id'] ?? '');
    if (conversation === undefined || conversation.workspace !== call.account.workspace) throw notFound('Conversation');
    return conversation;
  }
}

function check(json: JsonObject): void {
  const extra = Object.keys(json).filter((name) => !FIELDS.has(name));
  if (extra.length > 0) {
    throw unprocessableConversation(
      extra.map((name) => ({
        type: 'extra_forbidden',
        loc: ['body', name],
        msg: 'Extra inputs are not permitted',
        input: json[name],
      })),
    );
  }
  if (json['inputs'] === undefined) {
    throw unprocessableConversation([{ type: 'missing', loc: ['body', 'inputs'], msg: 'Field required', input: json }]);
  }
}

function inputsOf(inputs: Json | undefined): { role: string; content: string }[] {
  if (typeof inputs === 'string') return [{ role: 'user', content: inputs }];
  if (!isArray(inputs)) return [];
  return inputs.filter(isObject).map((entry) => ({
    role: asText(entry['role']) || 'user',
    content: typeof entry['result'] === 'string' ? entry['result'] : textOf(entry['content']),
  }));
}

function card({ id, model }: Conversation): object {
  return { object: 'conversation', id, model, name: null, description: null, created_at: '2026-01-01T00:00:00Z' };
}
