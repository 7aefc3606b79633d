import { encodeJson } from '../json.ts';
import type { ClientRequest, JsonObject, WireTarget } from '../wire.ts';
import { chatToMistral } from './chat-to-mistral.ts';
import { chatToOpenai } from './chat-to-openai.ts';
import { embeddingsToMistral, embeddingsToOpenai } from './embeddings.ts';
import { renamed, writeSameDialect } from './same-dialect.ts';
import { untranslatable } from './untranslatable.ts';

/** The body for one attempt at one target. The same dialect and model: the client's own bytes. */
export function writeUpstreamRequest(request: ClientRequest, to: WireTarget): Buffer {
  if (request.dialect === to.dialect) return writeSameDialect(request, to);
  return Buffer.from(encodeJson(translateRequest(request, to)));
}

/** The request as an object in the target's dialect. */
export function translateRequest(request: ClientRequest, to: WireTarget): JsonObject {
  if (request.dialect === to.dialect) return renamed(request, to);
  switch (request.surface) {
    case 'chat':
      return to.dialect === 'mistral'
        ? chatToMistral(request.json, to.model)
        : chatToOpenai(request.json, to.model, request.stream);
    case 'embeddings':
      return to.dialect === 'mistral'
        ? embeddingsToMistral(request.json, to.model)
        : embeddingsToOpenai(request.json, to.model);
    case 'fim':
      throw untranslatable('fim', 'only Mistral targets complete a text in the middle.');
  }
}
