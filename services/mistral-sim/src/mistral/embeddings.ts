/** POST /v1/embeddings. */
import { jsonReply, type Reply } from '../http/reply.ts';
import type { Call } from '../personality.ts';
import { drawHex } from '../seeded-rng.ts';
import { embed, quantize, toBase64 } from '../text/embedding.ts';
import { countTokens } from '../text/tokens.ts';
import { admit, type InferenceDeps, modelFor } from './chat.ts';
import { badArguments } from './errors.ts';
import { embeddingsLimitHeaders } from './headers.ts';
import { embeddingsSchema } from './schema.ts';
import { validate } from './validate.ts';

export function embeddings(deps: InferenceDeps, call: Call): Reply {
  const request = validate(embeddingsSchema, call.json);
  const model = modelFor(deps.models, request.model, 'embed');
  const type = request.output_dtype ?? 'float';
  if (!model.dimensions) {
    if (typeof request.output_dimension === 'number')
      throw badArguments('This model does not support output_dimension.');
    if (type !== 'float') throw badArguments('This model does not support output_dtype.');
  }
  const inputs = typeof request.input === 'string' ? [request.input] : request.input;
  const tokens = inputs.reduce((sum, input) => sum + countTokens(input), 0);
  const longest = inputs.reduce((most, input) => Math.max(most, countTokens(input)), 0);
  if (longest > model.contextTokens) {
    throw badArguments(
      `Input contains ${longest} tokens, too large for model with ${model.contextTokens} maximum context length`,
    );
  }
  const standing = admit(deps, call, model);
  const dimension = request.output_dimension ?? model.dimension;
  const data = inputs.map((input, index) => {
    const numbers = quantize(embed(input, dimension), type);
    const embedding = request.encoding_format === 'base64' ? toBase64(numbers, type) : numbers;
    return { object: 'embedding', embedding, index };
  });
  const usage = {
    prompt_audio_seconds: null,
    prompt_tokens: tokens,
    total_tokens: tokens,
    completion_tokens: 0,
    request_count: null,
    prompt_token_details: null,
  };
  const body = { id: drawHex(deps.rng, 32), object: 'list', data, model: request.model, usage };
  return {
    ...jsonReply(200, body, embeddingsLimitHeaders(standing)),
    settle: () => deps.limiter.debit(call.account.workspace, model.id, tokens),
  };
}
