import { isObject } from '../json.ts';
import type { JsonObject, StreamTranslator } from '../wire.ts';
import { DONE, encodeChunk } from './encode.ts';

/** The same dialect on both sides: what came in goes out. */
export const unchanged: StreamTranslator = {
  push: (json, raw) => raw ?? encodeChunk(json),
  end: () => DONE,
};

/** OpenAI's stream for a client that did not ask for usage, although Leeward did: without the chunk that carries it. */
export const withoutUsageTail: StreamTranslator = {
  push: (json, raw) => (isUsageTail(json) ? undefined : (raw ?? encodeChunk(json))),
  end: () => DONE,
};

/** OpenAI's last chunk: usage, and no choice at all. */
function isUsageTail(json: JsonObject): boolean {
  return isObject(json.usage) && Array.isArray(json.choices) && json.choices.length === 0;
}
