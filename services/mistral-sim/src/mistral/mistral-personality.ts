/** Mistral's paths, and its answers to the questions that every personality is asked. */
import { jsonReply } from '../http/reply.ts';
import { asText } from '../json.ts';
import { Router } from '../http/router.ts';
import { mistralModels } from '../models.ts';
import { accountsOf, type Call, type Personality, type Route, type SimulatorParts } from '../personality.ts';
import { speak, transcribe } from './audio.ts';
import { BatchJobs } from './batch.ts';
import { chat, fim, type InferenceDeps } from './chat.ts';
import { errorFrame } from './chat-body.ts';
import { Conversations } from './conversations.ts';
import { embeddings } from './embeddings.ts';
import { apiError, scriptedError, unauthorized, unknownPath, unprocessable } from './errors.ts';
import { Files } from './files.ts';
import { commonHeaders, emptiedLimitHeaders } from './headers.ts';
import { classify, moderate, ocr } from './judging.ts';
import { listModels, oneModel } from './models-surface.ts';

/** Mistral's personality, and how to make it forget what clients left with it. */
export function mistralPersonality(parts: SimulatorParts): Personality & { readonly forget: () => void } {
  const { clock, rng, options } = parts;
  const models = mistralModels(options.models);
  const deps: InferenceDeps = { ...parts, models };
  const accounts = accountsOf(options.workspaces, models, options.defaultLimit);
  const files = new Files(parts);
  const conversations = new Conversations(deps);
  const jobs = new BatchJobs(parts);
  return {
    name: 'mistral',
    models,
    router: routes({ deps, files, conversations, jobs }),
    commonHeaders: () => commonHeaders(clock, rng),
    accountOf: (authorization) => accounts.get(authorization.replace(/^Bearer\s+/i, '')),
    unknownPath: () => unknownPath(rng),
    unauthorized: () => unauthorized(options.unauthorizedForm, rng),
    badJson: (message) =>
      unprocessable([
        { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx: { error: message } },
      ]).reply,
    tooLarge: () => jsonReply(413, { message: 'Request size limit exceeded' }),
    failed: () => apiError(500, { message: 'Service unavailable.', type: 'internal_server_error', code: '1000' }),
    scriptedError: (kind, call) => {
      const model = models.find(asText(call.json['model']));
      const { workspace, limitOf } = call.account;
      const standing =
        model === undefined
          ? { requests: undefined, tokens: undefined, tripped: undefined }
          : parts.limiter.standing(workspace, model.id, limitOf(model));
      return scriptedError(kind, {
        rng,
        model: asText(call.json['model']),
        limitHeaders: emptiedLimitHeaders(standing),
      });
    },
    errorInside: (form) => {
      const text = errorFrame({ id: '', created: Math.floor(clock.wallMs() / 1000), model: '' }, form);
      return text.slice('data: '.length).trimEnd();
    },
    forget: () => {
      files.clear();
      conversations.clear();
      jobs.clear();
    },
  };
}

interface Surfaces {
  readonly deps: InferenceDeps;
  readonly files: Files;
  readonly conversations: Conversations;
  readonly jobs: BatchJobs;
}

function routes({ deps, files, conversations, jobs }: Surfaces): Router<Route> {
  const router = new Router<Route>();
  const json = (path: string, handle: Route['handle'], surface: Route['surface'] = 'other') =>
    router.on('POST', path, { surface, json: true, handle });
  const plain = (method: string, path: string, handle: Route['handle'], surface: Route['surface'] = 'other') =>
    router.on(method, path, { surface, json: false, handle });

  json('/v1/chat/completions', (call) => chat(deps, call), 'chat');
  json('/v1/fim/completions', (call) => fim(deps, call), 'fim');
  json('/v1/embeddings', (call) => embeddings(deps, call), 'embeddings');
  plain('GET', '/v1/models', () => listModels(deps.models), 'models');
  plain('GET', '/v1/models/:id', ({ params }: Call) => oneModel(deps.models, params['id'] ?? ''), 'models');

  json('/v1/moderations', (call) => moderate(deps, call));
  json('/v1/chat/moderations', (call) => moderate(deps, call));
  json('/v1/classifications', (call) => classify(deps, call));
  json('/v1/chat/classifications', (call) => classify(deps, call));
  json('/v1/ocr', (call) => ocr(deps, call));
  plain('POST', '/v1/audio/transcriptions', (call) => transcribe(deps, call));
  json('/v1/audio/speech', (call) => speak(deps, call));

  plain('POST', '/v1/files', (call) => files.upload(call));
  plain('GET', '/v1/files', (call) => files.list(call));
  plain('GET', '/v1/files/:id', (call) => files.get(call));
  plain('GET', '/v1/files/:id/content', (call) => files.content(call));
  plain('DELETE', '/v1/files/:id', (call) => files.delete(call));

  json('/v1/conversations', (call) => conversations.start(call));
  json('/v1/conversations/:id', (call) => conversations.append(call));
  plain('GET', '/v1/conversations', (call) => conversations.list(call));
  plain('GET', '/v1/conversations/:id', (call) => conversations.get(call));
  plain('GET', '/v1/conversations/:id/messages', (call) => conversations.messages(call));
  plain('DELETE', '/v1/conversations/:id', (call) => conversations.delete(call));

  json('/v1/batch/jobs', (call) => jobs.create(call));
  plain('GET', '/v1/batch/jobs', (call) => jobs.list(call));
  plain('GET', '/v1/batch/jobs/:id', (call) => jobs.get(call));
  plain('POST', '/v1/batch/jobs/:id/cancel', (call) => jobs.cancel(call));
  return router;
}
