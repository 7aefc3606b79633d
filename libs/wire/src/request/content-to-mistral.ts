import { describe, isObject, listOf, pick, stringOf, textOf } from '../json.ts';
import type { Json, JsonObject } from '../wire.ts';
import { untranslatable } from './untranslatable.ts';

/** OpenAI's content parts as Mistral's chunks. Chunks that are Mistral's already are only freed of foreign fields. */
export function contentToMistral(content: Json | undefined, path: string): string | JsonObject[] {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw untranslatable(path, `expected a string or an array, found ${describe(content)}.`);
  return content.map((part, index) => partToMistral(part, `${path}[${index}]`));
}

function partToMistral(part: Json, path: string): JsonObject {
  if (typeof part === 'string') return { type: 'text', text: part };
  if (!isObject(part)) throw untranslatable(path, `expected an object, found ${describe(part)}.`);
  switch (stringOf(part.type) ?? '') {
    case 'text':
      return { type: 'text', text: stringOf(part.text) ?? '' };
    case 'refusal':
      return { type: 'text', text: stringOf(part.refusal) ?? '' };
    case 'image_url':
      return { type: 'image_url', image_url: imageUrl(part.image_url, path) };
    case 'input_audio':
      return { type: 'input_audio', input_audio: audio(part.input_audio, path) };
    case 'file':
      return file(part, path);
    case 'document_url':
      return { type: 'document_url', ...pick(part, ['document_url', 'document_name']) };
    case 'reference':
      return { type: 'reference', ...pick(part, ['reference_ids']) };
    case 'thinking':
      return thinking(part);
    default:
      throw untranslatable(`${path}.type`, `a Mistral target has no part like ${describe(part.type)}.`);
  }
}

function imageUrl(image: Json | undefined, path: string): Json {
  if (typeof image === 'string') return image;
  const url = isObject(image) ? textOf(image.url) : undefined;
  if (url === undefined) throw untranslatable(`${path}.image_url`, 'expected a url.');
  const detail = isObject(image) ? textOf(image.detail) : undefined;
  return detail !== undefined && DETAILS.has(detail) ? { url, detail } : { url };
}

/** Mistral takes the base64 text itself and finds out the format. */
function audio(value: Json | undefined, path: string): string {
  const data = isObject(value) ? value.data : value;
  if (typeof data !== 'string') throw untranslatable(`${path}.input_audio`, 'expected base64 data.');
  return data;
}

function file(part: JsonObject, path: string): JsonObject {
  const holder = isObject(part.file) ? part.file : part;
  const id = textOf(holder.file_id);
  if (id !== undefined) return { type: 'file', file_id: id };
  const data = textOf(holder.file_data);
  if (data === undefined) throw untranslatable(`${path}.file`, 'expected file_id or file_data.');
  const url = /^(data:|https?:)/i.test(data) ? data : `data:application/pdf;base64,${data}`;
  const name = textOf(holder.filename);
  return name === undefined
    ? { type: 'document_url', document_url: url }
    : { type: 'document_url', document_url: url, document_name: name };
}

function thinking(part: JsonObject): JsonObject {
  const said = typeof part.thinking === 'string' ? [part.thinking] : listOf(part.thinking);
  const texts: JsonObject[] = [];
  for (const piece of said) {
    const text = isObject(piece) ? piece.text : piece;
    if (typeof text === 'string') texts.push({ type: 'text', text });
  }
  return { type: 'thinking', thinking: texts, ...pick(part, ['signature', 'closed']) };
}

const DETAILS: ReadonlySet<string> = new Set(['low', 'auto', 'high']);
