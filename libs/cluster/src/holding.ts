/**
 * Which of our targets are to be left alone because others say so, and which is spared although they do.
 *
 * All targets of a provider are held only when each of them is by the word of more than one peer. So no peer puts a
 * provider away by its word alone; and an honest one that saw all of them refuse is confirmed by the first other that
 * finds the same.
 */
import type { PeerState } from './peer.ts';
import type { WaitKey } from './shapes.ts';
import { trustIn } from './trust.ts';

/** A target of ours, and what holds it when it waits: its quota, its key, its model, itself. */
export interface Place {
  readonly id: string;
  readonly provider: string;
  readonly waitKeys: readonly WaitKey[];
}

export interface Hold {
  readonly forMs: number;
  readonly reason: string;
  /** By whose word, each weighed by its health. */
  readonly trust: number;
}

/** What a vendor's quota window, a bad hour and a plan's upgrade need at most; the same cap that our own cooldowns have. */
export const MAX_HEARD_WAIT_MS = 600_000;

/** More than any one peer may weigh, and less than two who are well. */
const CONFIRMED = 1.5;

/** The longest wait that holds a place; undefined when none does. */
export function holdOn(place: Place, peers: readonly PeerState[], nowMs: number): Hold | undefined {
  let hold: Hold | undefined;
  for (const peer of peers) {
    const word = longest(place, peer, nowMs);
    if (word === undefined) continue;
    const trust = (hold?.trust ?? 0) + trustIn(peer);
    hold = hold === undefined || word.forMs > hold.forMs ? { ...word, trust } : { ...hold, trust };
  }
  return hold;
}

/**
 * The places that are asked although they are held: for a provider of which all are, the one among those without
 * confirmation that this peer ranks first. Peers rank differently, so that each finds out about another one.
 */
export function spare(
  places: readonly Place[],
  holdOf: (place: Place) => Hold | undefined,
  self: string,
): ReadonlySet<string> {
  const free = new Set(places.filter((place) => holdOf(place) === undefined).map(({ provider }) => provider));
  const best = new Map<string, { readonly id: string; readonly rank: number }>();
  for (const place of places) {
    if (free.has(place.provider) || (holdOf(place)?.trust ?? 0) >= CONFIRMED) continue;
    const rank = rankOf(`${self} ${place.id}`);
    if (rank > (best.get(place.provider)?.rank ?? -1)) best.set(place.provider, { id: place.id, rank });
  }
  return new Set([...best.values()].map(({ id }) => id));
}

function longest(place: Place, peer: PeerState, nowMs: number): Omit<Hold, 'trust'> | undefined {
  let best: Omit<Hold, 'trust'> | undefined;
  for (const key of place.waitKeys) {
    const heard = peer.waits.get(key);
    if (heard === undefined) continue;
    const forMs = Math.min(heard.value.forMs, MAX_HEARD_WAIT_MS) - (nowMs - heard.atMs);
    if (forMs > (best?.forMs ?? 0)) best = { forMs, reason: heard.value.reason };
  }
  return best;
}

/** FNV-1a, then mixed, because ids that differ in their last letter must not rank as neighbours. */
function rankOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
