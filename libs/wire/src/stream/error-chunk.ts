import { readErrorObject } from '../errors/read-error-body.ts';
import { writeErrorFrame } from '../errors/write-error.ts';
import { isObject, stringOf } from '../json.ts';
import type { JsonObject } from '../wire.ts';

/** The names that every chunk of a stream repeats, remembered for those that an upstream leaves out. */
export interface StreamNames {
  id: string;
  created: number;
  model: string;
}

export function rememberNames(names: StreamNames, json: JsonObject): void {
  names.id = stringOf(json.id) ?? names.id;
  names.created = typeof json.created === 'number' ? json.created : names.created;
  names.model = stringOf(json.model) ?? names.model;
}

/**
 * A chunk that is an upstream's error, as the one frame that every client survives. Undefined when it is not an error,
 * or has that form already.
 */
export function errorFrame(json: JsonObject, names: StreamNames): Buffer | undefined {
  if (Array.isArray(json.choices) && json.choices.length > 0) return undefined;
  const named =
    isObject(json.error) || typeof json.error === 'string' || json.object === 'error' || json.object === 'Error';
  const error = named ? readErrorObject(json) : undefined;
  if (error === undefined) return undefined;
  return writeErrorFrame(
    { message: error.message, type: error.type ?? 'server_error', code: error.code ?? 'upstream_error' },
    names,
  );
}
