import { GatewayError } from '@leeward/kernel';
import { readErrorObject } from '../errors/read-error-body.ts';
import { encodeJson, isObject, listOf, parseJson } from '../json.ts';
import type { ClientRequest, Dialect, JsonObject } from '../wire.ts';
import { chatAnswerToMistral } from './chat-answer-to-mistral.ts';
import { chatAnswerToOpenai } from './chat-answer-to-openai.ts';
import { embeddingsAnswerToMistral } from './embeddings-answer.ts';

/** A whole answer in the client's dialect; the upstream's own bytes where the two speak alike. */
export function writeClientAnswer(request: ClientRequest, from: Dialect, bytes: Buffer): Buffer {
  if (request.dialect === from) return bytes;
  if (request.surface === 'embeddings') {
    // Mistral's has more fields than OpenAI's, which OpenAI's clients do not mind.
    return request.dialect === 'mistral' ? embeddingsAnswerToMistral(bytes) : bytes;
  }
  const json = parseAnswer(bytes);
  const written = request.dialect === 'mistral' ? chatAnswerToMistral(json, request.model) : chatAnswerToOpenai(json);
  return Buffer.from(encodeJson(written));
}

function parseAnswer(bytes: Buffer): JsonObject {
  const json = parseJson(bytes.toString('utf8'));
  if (!isObject(json)) throw new GatewayError('GW_UPSTREAM_FAILED', 'The upstream’s answer is not a JSON object.');
  if (listOf(json.choices).length > 0) return json;
  const reason = readErrorObject(json)?.message ?? 'it has no choices';
  throw new GatewayError('GW_UPSTREAM_FAILED', `The upstream’s answer is not a completion: ${reason}.`);
}
