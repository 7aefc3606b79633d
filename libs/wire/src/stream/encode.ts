import { encodeJson } from '../json.ts';
import type { JsonObject } from '../wire.ts';

export function encodeChunk(json: JsonObject): Buffer {
  return Buffer.from(`data: ${encodeJson(json)}\n\n`);
}

export const DONE = Buffer.from('data: [DONE]\n\n');

/**
 * The event without one field, by cutting its bytes: a field that every chunk of a stream carries and the client must
 * not see would otherwise cost an encoding of each. `field` is its spelling with the comma before it. Undefined when
 * it is not there exactly once, or the cut would be a guess.
 */
export function cutField(raw: Buffer, field: string, options: { readonly through?: string } = {}): Buffer | undefined {
  const start = raw.lastIndexOf(field);
  if (start < 0 || raw.indexOf(field) !== start) return undefined;
  let end = start + field.length;
  if (options.through !== undefined) {
    const close = raw.indexOf(options.through, end);
    if (close < 0) return undefined;
    end = close + options.through.length;
  }
  const next = raw[end];
  if (next !== COMMA && next !== CLOSE_BRACE) return undefined;
  return Buffer.concat([raw.subarray(0, start), raw.subarray(end)]);
}

const COMMA = 0x2c;
const CLOSE_BRACE = 0x7d;
