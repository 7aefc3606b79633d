/** POST /v1/chat/completions and /v1/fim/completions: judge the request, count it, answer it whole or streamed. */
import { Refusal, type Reply } from '../http/reply.ts';
import { asText } from '../json.ts';
import type { Model, ModelTable } from '../models.ts';
import type { Call, SimulatorParts } from '../personality.ts';
import type { Standing } from '../quota/limiter.ts';
import { drawHex } from '../seeded-rng.ts';
import { answerPrompt } from '../text/answer.ts';
import { readPrompt } from '../text/prompt.ts';
import { countUsage } from '../text/usage.ts';
import { type ChatAnswer, chatBody, chatFrames, errorFrame } from './chat-body.ts';
import { badArguments, labsOnly, rateLimited, unknownModel, unprocessable } from './errors.ts';
import { chatLimitHeaders, RETRY_HEADER, trippedLimitHeaders } from './headers.ts';
import { checkMessageOrder } from './message-order.ts';
import { type ChatRequest, chatSchema, fimSchema } from './schema.ts';
import { validate } from './validate.ts';

export type InferenceDeps = SimulatorParts & { readonly models: ModelTable };

export function chat(deps: InferenceDeps, call: Call): Reply {
  const request = validate(chatSchema, call.json);
  const model = modelFor(deps.models, request.model, 'chat');
  checkMessageOrder(request.messages, model);
  checkAbilities(request, model);
  return complete(deps, call, { model, reasons: reasonsFor(request, model), choices: request.n ?? 1 });
}

export function fim(deps: InferenceDeps, call: Call): Reply {
  const request = validate(fimSchema, call.json);
  const model = modelFor(deps.models, request.model, 'chat');
  if (!model.fim) throw badArguments('This model does not support fim.');
  return complete(deps, call, { model, reasons: false, choices: 1 });
}

/** The model behind a name, when it exists, may be used, and is of the kind that the surface serves. */
export function modelFor(models: ModelTable, name: string, kind: Model['kind']): Model {
  const model = models.find(name);
  if (model === undefined || model.kind !== kind) throw unknownModel(name);
  if (model.labs) throw new Refusal(labsOnly(name));
  return model;
}

/** Counts the request against the workspace's limit; throws the 429. */
export function admit(deps: SimulatorParts, call: Call, model: Model): Standing {
  const standing = deps.limiter.admit(call.account.workspace, model.id, call.account.limitOf(model));
  if (standing.tripped !== undefined) throw new Refusal(rateLimited(trippedLimitHeaders(standing)));
  return standing;
}

function checkAbilities(request: ChatRequest, model: Model): void {
  const effort = request.reasoning_effort;
  if (effort !== undefined && effort !== null && !model.efforts.includes(effort)) {
    throw badArguments(
      model.efforts.length === 0
        ? 'reasoning_effort is not supported for this model.'
        : `reasoning_effort='${effort}' is not supported for this model. Must be one of (${model.efforts.join(', ')})`,
    );
  }
  if (request.prompt_mode === 'reasoning' && model.reasoning !== 'always') {
    throw badArguments('prompt_mode is not supported for this model.');
  }
  const most = request.max_tokens;
  if (typeof most === 'number' && most >= model.contextTokens) {
    throw unprocessable([
      {
        type: 'less_than',
        loc: ['body', 'max_tokens'],
        msg: `Input should be less than ${model.contextTokens}`,
        input: most,
        ctx: { lt: model.contextTokens },
      },
    ]);
  }
}

function reasonsFor(request: ChatRequest, model: Model): boolean {
  if (model.reasoning === 'always') return true;
  const effort = request.reasoning_effort;
  return (
    model.reasoning === 'effort' && effort !== undefined && effort !== null && effort !== 'none' && effort !== 'low'
  );
}

interface Completion {
  readonly model: Model;
  readonly reasons: boolean;
  readonly choices: number;
}

function complete(deps: InferenceDeps, call: Call, { model, reasons, choices }: Completion): Reply {
  const { account, json } = call;
  const prompt = readPrompt(json);
  if (prompt.tokens > model.contextTokens) {
    throw badArguments(
      `Prompt contains ${prompt.tokens} tokens and 0 draft tokens, too large for model with ${model.contextTokens} maximum context length`,
    );
  }
  const standing = admit(deps, call, model);
  const answers = Array.from({ length: choices }, (_, choice) => answerPrompt(json, prompt, choice));
  const cachedTokens = deps.cache.look(`${account.workspace}\n${model.id}`, prompt.text);
  const usage = countUsage({ promptTokens: prompt.tokens, cachedTokens, answers, reasons });
  const created = Math.floor(deps.clock.wallMs() / 1000);
  const whole: ChatAnswer = {
    id: drawHex(deps.rng, 32),
    created,
    model: asText(json['model']),
    answers,
    reasons,
    usage,
  };
  const uncached = usage.promptTokens - usage.cachedTokens;
  const settle = (delivered: number) => deps.limiter.debit(account.workspace, model.id, uncached + delivered);
  const deprecation = model.deprecation === undefined ? {} : { 'x-model-deprecation-timestamp': model.deprecation };
  if (json['stream'] === true) {
    return {
      kind: 'stream',
      headers: { 'content-type': 'text/event-stream; charset=utf-8', ...RETRY_HEADER, ...deprecation },
      frames: chatFrames(whole, deps.options),
      errorFrame: (form) => errorFrame(whole, form),
      settle,
    };
  }
  const cost = uncached + usage.completionTokens;
  return {
    kind: 'whole',
    status: 200,
    headers: { 'content-type': 'application/json', ...chatLimitHeaders(standing, cost), ...deprecation },
    body: chatBody(whole),
    tokens: usage.completionTokens,
    settle,
  };
}
