/** POST /v1/chat/completions and /v1/embeddings in OpenAI's dialect; the same answers as Mistral's personality gives. */
import { jsonReply, Refusal, type Reply } from '../http/reply.ts';
import type { Model, ModelTable } from '../models.ts';
import type { Call, SimulatorParts } from '../personality.ts';
import type { Standing } from '../quota/limiter.ts';
import { drawAlphanumeric } from '../seeded-rng.ts';
import { answerPrompt } from '../text/answer.ts';
import { embed, toBase64 } from '../text/embedding.ts';
import { readPrompt } from '../text/prompt.ts';
import { countTokens } from '../text/tokens.ts';
import { countUsage } from '../text/usage.ts';
import { type ChatAnswer, chatBody, chatFrames, errorFrame } from './chat-body.ts';
import { badRequest, rateLimited, unknownModel } from './errors.ts';
import { limitHeaders, retryHeaders } from './headers.ts';
import { chatSchema, embeddingsSchema, validate } from './schema.ts';

export type OpenaiDeps = SimulatorParts & { readonly models: ModelTable };

export function chat(deps: OpenaiDeps, call: Call): Reply {
  const request = validate(chatSchema, call.json);
  const model = modelFor(deps.models, request.model, 'chat');
  if (typeof request.max_tokens === 'number' && request.model.startsWith('gpt-5')) {
    throw badRequest(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      'max_tokens',
      'unsupported_parameter',
    );
  }
  const prompt = readPrompt(call.json);
  if (prompt.tokens > model.contextTokens) {
    throw badRequest(
      `This model's maximum context length is ${model.contextTokens} tokens. However, your messages resulted in ${prompt.tokens} tokens. Please reduce the length of the messages.`,
      'messages',
      'context_length_exceeded',
    );
  }
  const headers = limitHeaders(admit(deps, call, model), deps.clock);
  const answers = Array.from({ length: request.n ?? 1 }, (_, choice) => answerPrompt(call.json, prompt, choice));
  const effort = request.reasoning_effort;
  const reasons = model.reasoning !== 'none' && effort !== 'none' && effort !== 'minimal';
  const cachedTokens = deps.cache.look(`${call.account.workspace}\n${model.id}`, prompt.text);
  const usage = countUsage({ promptTokens: prompt.tokens, cachedTokens, answers, reasons });
  const whole: ChatAnswer = {
    id: `chatcmpl-${drawAlphanumeric(deps.rng, 29)}`,
    created: Math.floor(deps.clock.wallMs() / 1000),
    model: request.model,
    answers,
    usage,
  };
  const settle = (delivered: number) =>
    deps.limiter.debit(call.account.workspace, model.id, usage.promptTokens + delivered);
  if (request.stream !== true) {
    return { ...jsonReply(200, chatBody(whole), headers), tokens: usage.completionTokens, settle };
  }
  return {
    kind: 'stream',
    headers: { 'content-type': 'text/event-stream; charset=utf-8', ...headers },
    frames: chatFrames(whole, {
      includeUsage: request.stream_options?.include_usage === true,
      chunkTokens: deps.options.chunkTokens,
    }),
    errorFrame: (form) => errorFrame({ id: whole.id, created: whole.created, model: whole.model }, form),
    settle,
  };
}

export function embeddings(deps: OpenaiDeps, call: Call): Reply {
  const request = validate(embeddingsSchema, call.json);
  const model = modelFor(deps.models, request.model, 'embed');
  const headers = limitHeaders(admit(deps, call, model), deps.clock);
  const inputs = typeof request.input === 'string' ? [request.input] : request.input;
  const tokens = inputs.reduce((sum, input) => sum + countTokens(input), 0);
  const data = inputs.map((input, index) => {
    const vector = embed(input, request.dimensions ?? model.dimension);
    return {
      object: 'embedding',
      index,
      embedding: request.encoding_format === 'base64' ? toBase64(vector, 'float') : vector,
    };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return {
    ...jsonReply(200, { object: 'list', data, model: request.model, usage }, headers),
    settle: () => deps.limiter.debit(call.account.workspace, model.id, tokens),
  };
}

function modelFor(models: ModelTable, name: string, kind: Model['kind']): Model {
  const model = models.find(name);
  if (model === undefined || model.kind !== kind) throw unknownModel(name);
  return model;
}

function admit(deps: OpenaiDeps, call: Call, model: Model): Standing {
  const standing = deps.limiter.admit(call.account.workspace, model.id, call.account.limitOf(model));
  if (standing.tripped === undefined) return standing;
  const headers = { ...limitHeaders(standing, deps.clock), ...retryHeaders(deps.clock) };
  throw new Refusal(rateLimited(headers, standing.tripped));
}
