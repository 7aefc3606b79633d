import { describe, listOf, pick } from '../json.ts';
import type { JsonObject } from '../wire.ts';
import { untranslatable } from './untranslatable.ts';

/** `encoding_format` passes both ways: OpenAI's client always asks for base64, and Mistral has it too. */
export function embeddingsToMistral(json: JsonObject, model: string): JsonObject {
  for (const [index, item] of listOf(json.input).entries()) {
    if (typeof item !== 'string') {
      throw untranslatable(`input[${index}]`, `a Mistral target embeds text, not tokens; found ${describe(item)}.`);
    }
  }
  const written: JsonObject = { model, ...pick(json, ['input', 'metadata', 'encoding_format', 'output_dtype']) };
  const dimension = json.dimensions ?? json.output_dimension;
  if (dimension !== undefined && dimension !== null) written.output_dimension = dimension;
  return written;
}

export function embeddingsToOpenai(json: JsonObject, model: string): JsonObject {
  if (typeof json.output_dtype === 'string' && json.output_dtype !== 'float') {
    throw untranslatable('output_dtype', `an OpenAI target has only float, found ${describe(json.output_dtype)}.`);
  }
  const written: JsonObject = { model, ...pick(json, ['input', 'encoding_format']) };
  const dimensions = json.output_dimension ?? json.dimensions;
  if (dimensions !== undefined && dimensions !== null) written.dimensions = dimensions;
  return written;
}
