import { readErrorObject } from '../errors/read-error-body.ts';
import { isObject, listOf, parseJson } from '../json.ts';
import type { AnswerFacts, Dialect, JsonObject, Surface, UpstreamError, Usage } from '../wire.ts';
import { readUsage } from '../usage/read-usage.ts';

/**
 * What a 200 brought, without parsing it: an answer of embeddings is megabytes, and all that is wanted is whether it is
 * one and what it used. A quote inside a JSON string is always escaped, so a word with plain quotes around it is a
 * string of its own, and with a colon after it a key. Only an answer that is short of its main part, or mentions an
 * error, is parsed.
 *
 * A body cut short is told by its last byte here and by its framing elsewhere; the two dialects do not differ in any of
 * this.
 */
export function readAnswer(surface: Surface, _dialect: Dialect, bytes: Buffer): AnswerFacts {
  if (!isBraced(bytes)) return INCOMPLETE;
  const main = surface === 'embeddings' ? '"data"' : '"choices"';
  if (!hasItems(bytes, main) || bytes.includes('"error"')) return readSuspect(bytes, surface);
  return { complete: true, usage: scanUsage(bytes), error: undefined };
}

const INCOMPLETE: AnswerFacts = { complete: false, usage: undefined, error: undefined };

function isBraced(bytes: Buffer): boolean {
  let first = 0;
  let last = bytes.length - 1;
  while (isSpace(bytes[first])) first += 1;
  while (last > first && isSpace(bytes[last])) last -= 1;
  return bytes[first] === OPEN_BRACE && bytes[last] === CLOSE_BRACE && last > first;
}

/** Whether the key is there with a list that has something in it. */
function hasItems(bytes: Buffer, key: string): boolean {
  const list = valueAfter(bytes, bytes.indexOf(key), key.length);
  if (list === undefined || bytes[list] !== OPEN_BRACKET) return false;
  return bytes[skipSpace(bytes, list + 1)] !== CLOSE_BRACKET;
}

/** An answer that does not look like one: an error inside a 200, an empty list, or a mere mention of errors. */
function readSuspect(bytes: Buffer, surface: Surface): AnswerFacts {
  const json = parseJson(bytes.toString('utf8'));
  if (!isObject(json)) return INCOMPLETE;
  const usage = readUsage(json.usage);
  const items = listOf(surface === 'embeddings' ? json.data : json.choices);
  const error = readAnswerError(json, items.length > 0);
  return { complete: error === undefined && items.length > 0, usage, error };
}

function readAnswerError(json: JsonObject, hasItemsToShow: boolean): UpstreamError | undefined {
  if (json.object === 'error' || (json.error !== undefined && json.error !== null)) return readErrorObject(json);
  const choice = listOf(json.choices)[0];
  if (isObject(choice) && (isObject(choice.error) || choice.finish_reason === 'error')) {
    const said = readErrorObject(choice);
    return said ?? { message: 'The model stopped with an error.', type: undefined, code: undefined };
  }
  return hasItemsToShow ? undefined : readErrorObject(json);
}

/** The end is looked at first: that is where OpenAI's answers and all embeddings have their usage. */
function scanUsage(bytes: Buffer): Usage | undefined {
  const tail = bytes.length > TAIL_BYTES ? bytes.subarray(-TAIL_BYTES) : bytes;
  return usageIn(tail) ?? (tail === bytes ? undefined : usageIn(bytes));
}

function usageIn(bytes: Buffer): Usage | undefined {
  let at = bytes.indexOf(USAGE);
  for (let tries = 0; at >= 0 && tries < MAX_TRIES; tries += 1) {
    const start = valueAfter(bytes, at, USAGE.length);
    const usage = start === undefined || bytes[start] !== OPEN_BRACE ? undefined : usageAt(bytes, start);
    if (usage !== undefined) return usage;
    at = bytes.indexOf(USAGE, at + 1);
  }
  return undefined;
}

/** A usage object holds numbers, nulls, tier names and details: no string in it has a brace. */
function usageAt(bytes: Buffer, start: number): Usage | undefined {
  const limit = Math.min(bytes.length, start + MAX_USAGE_BYTES);
  let depth = 0;
  for (let at = start; at < limit; at += 1) {
    if (bytes[at] === OPEN_BRACE) depth += 1;
    else if (bytes[at] === CLOSE_BRACE) depth -= 1;
    if (depth === 0) return readUsage(parseJson(bytes.toString('utf8', start, at + 1)));
  }
  return undefined;
}

/** Where the value of the key at `key` begins; undefined when what is there is no key. */
function valueAfter(bytes: Buffer, key: number, keyLength: number): number | undefined {
  if (key < 0) return undefined;
  const colon = skipSpace(bytes, key + keyLength);
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : undefined;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const USAGE = '"usage"';
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
/** Ten times the longest usage object seen, and the fields after it. */
const TAIL_BYTES = 4096;
const MAX_USAGE_BYTES = 4096;
/** An answer may have the word for a key in a tool call's arguments; not often. */
const MAX_TRIES = 8;
