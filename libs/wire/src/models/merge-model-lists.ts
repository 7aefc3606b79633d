import { isObject, listOf, textOf } from '../json.ts';
import type { Dialect, Json, JsonObject } from '../wire.ts';

/** One provider's answer to GET /v1/models. */
export interface ModelList {
  readonly provider: string;
  readonly json: Json;
}

/**
 * One list for the client: the routes first, since those are what it may ask for, then what the providers list, each
 * id once. A route that has the name of a listed model takes over its entry, capabilities included. Entries keep the
 * four fields of OpenAI's and whatever else the vendor says; for Mistral's clients the fields they insist on are added.
 */
export function mergeModelLists(lists: readonly ModelList[], routes: readonly string[], dialect: Dialect): JsonObject {
  const listed = new Map<string, JsonObject>();
  for (const list of lists) {
    for (const entry of entriesOf(list.json)) {
      const id = isObject(entry) ? textOf(entry.id) : undefined;
      if (!isObject(entry) || id === undefined || listed.has(id) || listed.size >= MAX_MODELS) continue;
      listed.set(id, writeEntry(entry, id, list.provider, dialect));
    }
  }
  const routed = new Map<string, JsonObject>();
  for (const route of routes) {
    if (route !== '*') routed.set(route, listed.get(route) ?? writeEntry({}, route, 'leeward', dialect));
  }
  const others = [...listed].filter(([id]) => !routed.has(id)).map(([, entry]) => entry);
  return { object: 'list', data: [...routed.values(), ...others] };
}

/** Some servers answer the bare array. */
function entriesOf(json: Json): readonly Json[] {
  return Array.isArray(json) ? json : isObject(json) ? listOf(json.data) : [];
}

function writeEntry(entry: JsonObject, id: string, owner: string, dialect: Dialect): JsonObject {
  const written: JsonObject = {
    ...entry,
    id,
    object: 'model',
    created: typeof entry.created === 'number' ? entry.created : 0,
    owned_by: textOf(entry.owned_by) ?? owner,
  };
  if (dialect === 'openai') return written;
  return {
    ...written,
    type: textOf(entry.type) ?? 'base',
    capabilities: isObject(entry.capabilities) ? entry.capabilities : { completion_chat: true },
    aliases: Array.isArray(entry.aliases) ? entry.aliases : [],
  };
}

/** Ten times the longest list of any vendor. */
const MAX_MODELS = 5000;
