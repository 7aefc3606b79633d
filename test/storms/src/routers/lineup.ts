/** Who runs in which storm. */
import type { Storm } from '../storms/storm.ts';
import { ROUTER_NAMES, type RouterName } from './all.ts';

/** To compare a cluster with; a single node has nothing to be alone from. */
const WITH_NODES: readonly RouterName[] = ['leeward, each alone', 'leeward, one node'];

/** With every primary down they only fail in another order; and a third of all exchanges are that storm's. */
const ALIKE_IN_S8: readonly RouterName[] = ['round robin', 'least in flight'];

/**
 * Hedging answers for stragglers, which are the same in any number of nodes. The three plain choices know nothing that one
 * node could tell another, and stand for each other.
 */
const WITHOUT_NODES: readonly RouterName[] = ['leeward, hedged', 'weighted random', 'least in flight', 'clairvoyant'];

export function lineupOf({ id, nodes }: Pick<Storm, 'id' | 'nodes'>): readonly RouterName[] {
  const absent = nodes === undefined ? WITH_NODES : WITHOUT_NODES;
  return ROUTER_NAMES.filter((name) => !absent.includes(name) && !(id === 'S8' && ALIKE_IN_S8.includes(name)));
}
