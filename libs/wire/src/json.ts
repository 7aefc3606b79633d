import { GatewayError } from '@leeward/kernel';
import type { Json, JsonObject } from './wire.ts';

/**
 * Hand checks for the few fields this library reads. A schema library would cost more per request than everything else
 * here together, and would have to be told to let unknown fields through.
 */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function stringOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A string that says something. */
export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The parsed value, or undefined when the text is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    // What JSON.parse gives is Json by definition; its own type says `any`.
    return JSON.parse(text) as Json;
  } catch {
    // Not JSON is an answer, not a fault: every caller decides what it means.
    return undefined;
  }
}

/** JSON.parse copes with any depth. JSON.stringify may leave its fast path and then recurse, until the stack ends. */
export function encodeJson(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new GatewayError('GW_BAD_REQUEST', 'The body is nested too deeply.', { cause });
    throw cause;
  }
}

/** Copies the named fields that carry a value; null means "unset" in both vendors' schemas and is left out. */
export function pick(from: JsonObject, fields: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const field of fields) {
    const value = from[field];
    if (value !== undefined && value !== null) picked[field] = value;
  }
  return picked;
}

/** What a value is, in the words of an error message. */
export function describe(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'string') return value === '' ? 'an empty string' : `"${value.slice(0, SHOWN_CHARS)}"`;
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${value}`;
}

/** Enough of a value to recognise it; a message is no place for a prompt. */
const SHOWN_CHARS = 40;
