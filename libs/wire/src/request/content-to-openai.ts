import { describe, encodeJson, isObject, stringOf, textOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { untranslatable } from './untranslatable.ts';

/**
 * Mistral's chunks as OpenAI's content parts. Thinking and references have no place in an OpenAI prompt and are left
 * out. Content that is text alone becomes one string, which every OpenAI-compatible server understands.
 */
export function contentToOpenai(content: Json | undefined, path: string): string | JsonObject[] {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw untranslatable(path, `expected a string or an array, found ${describe(content)}.`);
  const parts: JsonObject[] = [];
  for (const [index, chunk] of content.entries()) {
    const part = chunkToOpenai(chunk, `${path}[${index}]`);
    if (part !== undefined) parts.push(part);
  }
  return parts.every((part) => part.type === 'text') ? parts.map((part) => stringOf(part.text) ?? '').join('') : parts;
}

/** For roles that take nothing but text. */
export function textToOpenai(content: Json | undefined, path: string): string {
  const written = contentToOpenai(content, path);
  if (typeof written === 'string') return written;
  throw untranslatable(path, 'an OpenAI target takes only text in this role.');
}

function chunkToOpenai(chunk: Json, path: string): JsonObject | undefined {
  if (typeof chunk === 'string') return { type: 'text', text: chunk };
  if (!isObject(chunk)) throw untranslatable(path, `expected an object, found ${describe(chunk)}.`);
  switch (stringOf(chunk.type) ?? '') {
    case 'text':
      return { type: 'text', text: stringOf(chunk.text) ?? '' };
    case 'thinking':
    case 'reference':
    case 'tool_reference':
      return undefined;
    case 'image_url': {
      const image = chunk.image_url;
      return { type: 'image_url', image_url: typeof image === 'string' ? { url: image } : (image ?? {}) };
    }
    case 'document_url':
      return document(chunk, path);
    case 'input_audio':
      return { type: 'input_audio', input_audio: audio(chunk.input_audio, path) };
    case 'file':
      throw untranslatable(path, 'the file lies with Mistral and cannot be read by an OpenAI target.');
    default:
      throw untranslatable(`${path}.type`, `an OpenAI target has no part like ${describe(chunk.type)}.`);
  }
}

function document(chunk: JsonObject, path: string): JsonObject {
  const url = textOf(chunk.document_url);
  if (url === undefined) throw untranslatable(`${path}.document_url`, 'expected a url.');
  return { type: 'file', file: { filename: textOf(chunk.document_name) ?? 'document.pdf', file_data: url } };
}

/** OpenAI wants the format said; Mistral's string may say it, or the first bytes do. */
function audio(value: Json | undefined, path: string): JsonObject {
  if (isObject(value)) return value;
  const spoken = stringOf(value) ?? '';
  const uri = /^data:audio\/([a-z0-9]+)[^,]*;base64,/i.exec(spoken.slice(0, 100));
  const data = uri === null ? spoken : spoken.slice(uri[0].length);
  const named = uri?.[1]?.toLowerCase();
  const format = FORMATS.get(named ?? '') ?? MAGIC.find(([start]) => data.startsWith(start))?.[1];
  if (format === undefined) {
    throw untranslatable(`${path}.input_audio`, 'an OpenAI target takes only base64 data of a wav or mp3 file.');
  }
  return { data, format };
}

const FORMATS: ReadonlyMap<string, string> = new Map([
  ['wav', 'wav'],
  ['wave', 'wav'],
  ['mp3', 'mp3'],
  ['mpeg', 'mp3'],
]);

/** How the two kinds of file begin, in base64: RIFF, an ID3 tag, an MPEG frame. */
const MAGIC: readonly (readonly [string, string])[] = [
  ['UklGR', 'wav'],
  ['SUQz', 'mp3'],
  ['//s', 'mp3'],
  ['//u', 'mp3'],
  ['//v', 'mp3'],
];

/** Arguments may be an object in Mistral's requests; OpenAI's are always text. */
export function argumentsText(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '{}' : encodeJson(value);
}
