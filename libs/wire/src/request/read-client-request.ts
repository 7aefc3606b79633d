import { GatewayError } from '@leeward/kernel';
import { describe, isObject } from '../json.ts';
import type { ClientRequest, Dialect, Json, JsonObject, Surface } from '../wire.ts';
import { detectDialect } from './detect-dialect.ts';
import { outlineOf } from './outline.ts';

/**
 * Reads a client's body. Checks only what Leeward itself relies on; everything else is the upstream's to judge, whose
 * message is better informed. Of a large body only the outline is parsed now; a request that goes through as it came
 * never needs the rest. A mistake inside a long string is then found by the upstream, or here when the whole is needed.
 */
export function readClientRequest(surface: Surface, dialect: Dialect | 'auto', bytes: Buffer): ClientRequest {
  if (bytes.length === 0) throw new GatewayError('GW_BAD_JSON', 'The body is empty; expected a JSON object.');
  const outline = outlineOf(bytes);
  if (outline === undefined) return readWhole(surface, dialect, bytes);
  try {
    return new ReadRequest(surface, dialect, bytes, parseBody(outline), undefined);
  } catch {
    // What is refused is refused in the words of the whole body, which says what was really found.
    return readWhole(surface, dialect, bytes);
  }
}

function readWhole(surface: Surface, dialect: Dialect | 'auto', bytes: Buffer): ClientRequest {
  const json = parseBody(bytes.toString('utf8'));
  return new ReadRequest(surface, dialect, bytes, json, json);
}

/** A class for its getter: one in an object literal is made anew for each request, which costs more than a small parse. */
class ReadRequest implements ClientRequest {
  readonly surface: Surface;
  readonly dialect: Dialect;
  readonly bytes: Buffer;
  readonly outline: JsonObject;
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  #whole: JsonObject | undefined;

  constructor(
    surface: Surface,
    dialect: Dialect | 'auto',
    bytes: Buffer,
    outline: JsonObject,
    whole: JsonObject | undefined,
  ) {
    this.surface = surface;
    this.bytes = bytes;
    this.outline = outline;
    this.model = readModel(outline);
    this.stream = surface !== 'embeddings' && readFlag(outline, 'stream');
    checkInput(surface, outline);
    this.dialect = readDialect(surface, dialect, outline);
    this.includeUsage =
      this.dialect === 'mistral' || (isObject(outline.stream_options) && outline.stream_options.include_usage === true);
    this.#whole = whole;
  }

  get json(): JsonObject {
    this.#whole ??= parseBody(this.bytes.toString('utf8'));
    return this.#whole;
  }
}

/** Fill-in-the-middle exists in Mistral's dialect alone, whatever path it comes by. */
function readDialect(surface: Surface, dialect: Dialect | 'auto', json: JsonObject): Dialect {
  if (surface === 'fim') return 'mistral';
  return dialect === 'auto' ? detectDialect(json) : dialect;
}

function parseBody(text: string): JsonObject {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (cause) {
    // The parser's own message quotes the body, which may be a prompt: it stays in `cause`.
    throw new GatewayError('GW_BAD_JSON', 'The body is not valid JSON.', { cause });
  }
  if (!isObject(json))
    throw new GatewayError('GW_BAD_JSON', `The body must be a JSON object, found ${describe(json)}.`);
  return json;
}

function readModel(json: JsonObject): string {
  const { model } = json;
  if (typeof model !== 'string' || model === '') throw badField('model', 'a non-empty string', model);
  if (model.length > MAX_MODEL_CHARS) {
    throw new GatewayError(
      'GW_BAD_REQUEST',
      `model: expected at most ${MAX_MODEL_CHARS} characters, found ${model.length}.`,
    );
  }
  return model;
}

function readFlag(json: JsonObject, field: string): boolean {
  const value = json[field];
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw badField(field, 'true or false', value);
  return value;
}

function checkInput(surface: Surface, json: JsonObject): void {
  switch (surface) {
    case 'chat':
      checkMessages(json.messages);
      return;
    case 'fim':
      if (typeof json.prompt !== 'string') throw badField('prompt', 'a string', json.prompt);
      return;
    case 'embeddings':
      if (typeof json.input === 'string') return;
      if (!Array.isArray(json.input) || json.input.length === 0) {
        throw badField('input', 'a string or a non-empty array', json.input);
      }
  }
}

function checkMessages(messages: Json | undefined): void {
  if (!Array.isArray(messages) || messages.length === 0) throw badField('messages', 'a non-empty array', messages);
  for (const [index, message] of messages.entries()) {
    if (!isObject(message)) throw badField(`messages[${index}]`, 'an object', message);
    if (typeof message.role !== 'string') throw badField(`messages[${index}].role`, 'a string', message.role);
  }
}

function badField(field: string, expected: string, found: Json | undefined): GatewayError {
  return new GatewayError('GW_BAD_REQUEST', `${field}: expected ${expected}, found ${describe(found)}.`);
}

/** Longer than any vendor's name for a model, fine-tuned ones included; it becomes part of logs and headers. */
const MAX_MODEL_CHARS = 256;
