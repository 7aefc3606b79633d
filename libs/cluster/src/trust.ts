import { MOST_ILL } from './shapes.ts';

/** How far a peer's word goes, by its own health: from 1, well, to a ninth. */
export function trustIn(peer: { readonly health: number }): number {
  return 1 / (1 + Math.min(MOST_ILL, peer.health));
}
