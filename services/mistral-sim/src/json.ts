/** What JSON.parse gives, with a type: everything that comes from outside is read through these few functions. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: unknown): value is Json[] {
  return Array.isArray(value);
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value at a path of names and indexes; undefined where the path leaves the value. */
export function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const step of path) {
    if (isArray(here) && typeof step === 'number') here = here[step];
    else if (isObject(here) && typeof step === 'string') here = here[step];
    else return undefined;
  }
  return here;
}

/** The way Python's json.dumps writes, which is how a model's tool arguments look: a space after colon and comma. */
export function spacedJson(value: Json | undefined): string {
  if (isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${entries.map(([name, member]) => `${JSON.stringify(name)}: ${spacedJson(member)}`).join(', ')}}`;
  }
  return JSON.stringify(value ?? null);
}
