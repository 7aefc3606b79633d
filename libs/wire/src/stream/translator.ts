import type { ClientRequest, Dialect, StreamTranslator } from '../wire.ts';
import { ChunksToMistral } from './chunks-to-mistral.ts';
import { ChunksToOpenai } from './chunks-to-openai.ts';
import { unchanged, withoutUsageTail } from './same-dialect.ts';

/** What stands between an upstream's chunks and the client. One per stream: it may remember the chunks before. */
export function streamTranslator(request: ClientRequest, from: Dialect): StreamTranslator {
  if (request.dialect === from) {
    return from === 'openai' && !request.includeUsage ? withoutUsageTail : unchanged;
  }
  return request.dialect === 'mistral' ? new ChunksToMistral(request) : new ChunksToOpenai(request);
}
