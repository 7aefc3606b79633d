/**
 * Which requests belong together, so that a picker can send them where the prompt cache is warm. What the client says
 * counts first: the header made for it, then the field that vendors cache by. Said nothing, a conversation that has gone
 * on is known by its beginning. A first turn is not: nothing is warm yet, and the best target is the least loaded.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { GatewayError } from '@leeward/kernel';
import type { ClientRequest } from '@leeward/wire';
import type { AffinitySource } from '../visit.ts';
import { conversationKey } from './conversation-key.ts';

export interface Affinity {
  /** What it was taken from: all that may be told of it, for the key may name a person. */
  readonly by: AffinitySource;
  readonly key: string;
}

/** Room for a few UUIDs with a prefix; a key is hashed with each pick. */
const MAX_CHARS = 256;

const SESSION = /^[\x21-\x7e]{1,256}$/;

/** Throws GW_BAD_REQUEST for a session that is none: dropped in silence, its sender would wonder why nothing is warm. */
export function affinityOf(headers: IncomingHttpHeaders, request: ClientRequest): Affinity | undefined {
  const session = headers['x-leeward-session'];
  if (session !== undefined) return { by: 'session', key: readSession(session) };
  const cacheKey = request.outline['prompt_cache_key'];
  // The vendor's field, and the vendor's to refuse.
  if (typeof cacheKey === 'string' && cacheKey !== '' && cacheKey.length <= MAX_CHARS) {
    return { by: 'prompt-cache-key', key: cacheKey };
  }
  const key = request.surface === 'chat' ? conversationKey(request) : undefined;
  return key === undefined ? undefined : { by: 'conversation', key };
}

function readSession(session: string | readonly string[]): string {
  if (typeof session === 'string' && SESSION.test(session)) return session;
  throw new GatewayError(
    'GW_BAD_REQUEST',
    `x-leeward-session must be 1 to ${MAX_CHARS} visible ASCII characters, without spaces, sent once.`,
  );
}
