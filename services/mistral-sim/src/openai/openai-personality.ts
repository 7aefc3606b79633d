/** OpenAI's paths, and its answers to the questions that every personality is asked. */
import { jsonReply } from '../http/reply.ts';
import { asText } from '../json.ts';
import { Router } from '../http/router.ts';
import { openaiModels } from '../models.ts';
import { accountsOf, type Personality, type Route, type SimulatorParts } from '../personality.ts';
import { chat, embeddings, type OpenaiDeps } from './chat.ts';
import { errorFrame } from './chat-body.ts';
import { errorReply, scriptedError, unauthorized, unknownModel, unknownPath } from './errors.ts';
import { commonHeaders, limitHeaders, retryHeaders } from './headers.ts';

const OPENAI_WORKSPACE = 'openai';

export function openaiPersonality(parts: SimulatorParts): Personality {
  const { clock, rng, options } = parts;
  const models = openaiModels(options.models);
  const accounts = accountsOf({ [OPENAI_WORKSPACE]: options.openai }, models, options.defaultLimit);
  return {
    name: 'openai',
    models,
    router: routes({ ...parts, models }),
    commonHeaders: () => commonHeaders(rng),
    accountOf: (authorization) => accounts.get(authorization.replace(/^Bearer\s+/i, '')),
    unknownPath,
    unauthorized,
    badJson: () =>
      errorReply(400, {
        message: 'We could not parse the JSON body of your request.',
        type: 'invalid_request_error',
      }),
    tooLarge: () => errorReply(413, { message: 'Request too large.', type: 'invalid_request_error' }),
    failed: () => errorReply(500, { message: 'The server had an error.', type: 'server_error' }),
    scriptedError: (kind, call) => {
      const name = asText(call.json['model']);
      const model = models.find(name);
      const { workspace, limitOf } = call.account;
      const standing = model === undefined ? undefined : parts.limiter.standing(workspace, model.id, limitOf(model));
      const emptied = standing?.requests === undefined ? undefined : { ...standing.requests, remaining: 0 };
      const headers = standing === undefined ? {} : limitHeaders({ ...standing, requests: emptied }, clock);
      return scriptedError(kind, name, { ...headers, ...retryHeaders(clock) });
    },
    errorInside: (form) => {
      const text = errorFrame({ id: '', created: Math.floor(clock.wallMs() / 1000), model: '' }, form);
      return text.slice('data: '.length).trimEnd();
    },
  };
}

/** 2025-08-07: any fixed instant. */
const CREATED = 1_754_524_800;

function routes(deps: OpenaiDeps): Router<Route> {
  const cards = deps.models.all.map(({ id, ownedBy }) => ({
    id,
    object: 'model',
    created: CREATED,
    owned_by: ownedBy,
  }));
  return new Router<Route>()
    .on('POST', '/v1/chat/completions', { surface: 'chat', json: true, handle: (call) => chat(deps, call) })
    .on('POST', '/v1/embeddings', { surface: 'embeddings', json: true, handle: (call) => embeddings(deps, call) })
    .on('GET', '/v1/models', {
      surface: 'models',
      json: false,
      handle: () => jsonReply(200, { object: 'list', data: cards }),
    })
    .on('GET', '/v1/models/:id', {
      surface: 'models',
      json: false,
      handle: ({ params }) => {
        const card = cards.find(({ id }) => id === params['id']);
        if (card === undefined) throw unknownModel(params['id'] ?? '');
        return jsonReply(200, card);
      },
    });
}
