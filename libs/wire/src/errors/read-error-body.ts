import { isObject, listOf, parseJson, stringOf, textOf } from '../json.ts';
import type { Json, JsonObject, UpstreamError } from '../wire.ts';

/**
 * What an upstream says about its failure. Mistral alone has seven shapes: `message` may be text, an object with
 * `detail`, an array, or JSON inside text; `detail` may be text or an array; `code` is text, a number or null; the
 * guardrail, like OpenAI and OpenRouter, nests all of it in `error`. Undefined for HTML, plain text and anything that
 * says nothing.
 */
export function readErrorBody(bytes: Buffer): UpstreamError | undefined {
  if (bytes.length > MAX_ERROR_BYTES) return undefined;
  const parsed = parseJson(bytes.toString('utf8'));
  const json = Array.isArray(parsed) ? parsed[0] : parsed;
  return isObject(json) ? readErrorObject(json) : undefined;
}

/** The same for an object that has been parsed already: a chunk of a stream, an answer under status 200. */
export function readErrorObject(json: JsonObject): UpstreamError | undefined {
  const { error } = json;
  if (isObject(error)) return readFields(error) ?? readFields(json) ?? nameless(error);
  if (typeof error === 'string' && error !== '') return readFields({ ...json, message: json.message ?? error });
  return readFields(json);
}

function readFields(json: JsonObject): UpstreamError | undefined {
  const message = explain(json.message) ?? explain(json.detail);
  if (message === undefined) return undefined;
  return { message: message.slice(0, MAX_MESSAGE_CHARS), type: textOf(json.type), code: readCode(json.code) };
}

/** An error object without a message is still an error. */
function nameless(error: JsonObject): UpstreamError {
  const type = textOf(error.type);
  const code = readCode(error.code);
  return { message: type ?? code ?? 'The upstream gave no reason.', type, code };
}

function readCode(code: Json | undefined): string | undefined {
  return typeof code === 'number' ? String(code) : textOf(code);
}

/** One line out of whatever stands where the message should. */
function explain(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return explainText(value);
  if (Array.isArray(value)) return explainList(value);
  if (isObject(value)) return explainList(listOf(value.detail)) ?? textOf(value.detail) ?? textOf(value.message);
  return undefined;
}

function explainText(text: string): string | undefined {
  if (!text.startsWith('{') && !text.startsWith('[')) return textOf(text);
  const inner = parseJson(text);
  const explained = isObject(inner) || Array.isArray(inner) ? explainInner(inner) : undefined;
  return explained ?? text;
}

/** JSON inside text is unwrapped once: an error is no reason to recurse into what a stranger sent. */
function explainInner(inner: JsonObject | Json[]): string | undefined {
  if (Array.isArray(inner)) return explainList(inner);
  return explainList(listOf(inner.detail)) ?? textOf(inner.detail) ?? textOf(inner.message);
}

/** Validation details: `body.max_completion_tokens: Extra inputs are not permitted`. */
function explainList(details: readonly Json[]): string | undefined {
  const lines: string[] = [];
  for (const detail of details.slice(0, MAX_DETAILS)) {
    if (typeof detail === 'string') lines.push(detail);
    if (!isObject(detail)) continue;
    const said = stringOf(detail.msg) ?? stringOf(detail.message);
    const place = listOf(detail.loc).filter((step) => typeof step === 'string' || typeof step === 'number');
    if (said !== undefined) lines.push(place.length > 0 ? `${place.join('.')}: ${said}` : said);
  }
  return lines.length === 0 ? undefined : lines.join('; ');
}

/** Real ones are below 4 KiB, but a 422 repeats the input it refuses. */
const MAX_ERROR_BYTES = 4 * 1024 * 1024;
const MAX_MESSAGE_CHARS = 2000;
const MAX_DETAILS = 20;
