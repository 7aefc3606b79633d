/** The cluster as an operator sees it from this process: itself, every peer with the age of its word, and the shares. */
import type { Membership } from '@leeward/cluster';
import type { Fleet } from '@leeward/upstream';
import { rounded } from '../record/rounded.ts';

export interface PeersView {
  /** Null for a node without a cluster. */
  readonly self: object | null;
  readonly peers: readonly object[];
  readonly shares: readonly object[];
}

export const ALONE: PeersView = { self: null, peers: [], shares: [] };

export function viewPeers(membership: Membership, fleet: Fleet, nowMs: number): PeersView {
  const { id, epoch, health, bus, intervalMs } = membership;
  return {
    self: { peer: id, epoch, health, bus: bus.state, intervalMs: rounded(intervalMs) },
    peers: membership.peers.map((peer) => ({
      peer: peer.id,
      epoch: peer.epoch,
      seq: peer.seq,
      ageMs: Math.round(nowMs - peer.heardAtMs),
      health: peer.health,
      draining: peer.draining,
      targets: peer.targets.size,
      waits: Array.from(peer.waits, ([key, { value, atMs }]) => ({
        key,
        reason: value.reason,
        forMs: Math.max(0, Math.round(value.forMs - (nowMs - atMs))),
      })).filter(({ forMs }) => forMs > 0),
    })),
    shares: sharesOf(membership, fleet),
  };
}

function sharesOf(membership: Membership, fleet: Fleet): readonly object[] {
  const quotas = new Map(fleet.targets.map((target) => [target.quotaId, target]));
  return Array.from(quotas, ([quota, target]) => {
    const { requestsPerMinute, tokensPerMinute } = target.quota.ledger.limits;
    const { requests, tokens } = membership.shareOf(quota);
    const share = (amount: number | undefined) => (amount === undefined ? undefined : rounded(amount));
    return { quota, requestsPerMinute, tokensPerMinute, requestsShare: share(requests), tokensShare: share(tokens) };
  }).filter(
    ({ requestsPerMinute, tokensPerMinute }) => requestsPerMinute !== undefined || tokensPerMinute !== undefined,
  );
}
