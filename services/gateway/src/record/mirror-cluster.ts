/**
 * The cluster as this process sees it, read at each scrape. The bus counts for itself, so that a message costs no more
 * than an addition; here its counts become metrics by what they have grown.
 */
import type { MeasuredBus, Membership } from '@leeward/cluster';
import type { Clock } from '@leeward/kernel';
import type { Metrics } from '@leeward/telemetry';
import type { Fleet } from '@leeward/upstream';
import { type ModelLabel, OTHER_MODEL } from './model-labels.ts';

interface ClusterState {
  readonly membership: Membership;
  readonly bus: MeasuredBus;
  readonly fleet: () => Fleet;
  readonly clock: Clock;
  readonly modelLabel: ModelLabel;
}

/** Answers what is to be called at each scrape. */
export function clusterMirror(metrics: Metrics, state: ClusterState): () => void {
  const counted = new Map<string, number>();
  const grow = (name: string, counter: { inc(by: number): void }, count: number) => {
    counter.inc(count - (counted.get(name) ?? 0));
    counted.set(name, count);
  };
  return () => {
    const { sentBytes, receivedBytes, dropped } = state.bus.traffic;
    grow('sent bytes', metrics.clusterBytesTotal.child('sent'), sentBytes);
    grow('received bytes', metrics.clusterBytesTotal.child('received'), receivedBytes);
    for (const [drop, count] of Object.entries(dropped)) {
      grow(`dropped ${drop}`, metrics.clusterMessagesDroppedTotal.child(drop), count);
    }
    for (const [receipt, count] of state.membership.received) {
      grow(`received ${receipt}`, metrics.clusterMessagesTotal.child(receipt), count);
    }
    setGauges(metrics, state);
  };
}

function setGauges(metrics: Metrics, { membership, bus, fleet, clock, modelLabel }: ClusterState): void {
  const nowMs = clock.nowMs();
  const { peers } = membership;
  metrics.clusterBusConnected.child().set(bus.state === 'connected' ? 1 : 0);
  metrics.clusterPeers.child().set(peers.length);
  const oldestMs = peers.reduce((oldest, { heardAtMs }) => Math.min(oldest, heardAtMs), nowMs);
  metrics.clusterDigestAgeSeconds.child().set((nowMs - oldestMs) / 1000);
  metrics.clusterHealth.child().set(membership.health);
  if (membership.retriesPerSecond !== undefined) {
    metrics.clusterRetriesPerSecond.child().set(membership.retriesPerSecond);
  }
  for (const target of fleet().targets) {
    // Names that clients chose: several of them under one `other` would overwrite each other.
    if (modelLabel(target.model) === OTHER_MODEL) continue;
    const { requests, tokens } = membership.shareOf(target.quotaId);
    const labels = [target.provider.name, target.key.quotaGroup, target.model] as const;
    if (requests !== undefined) metrics.clusterQuotaShare.child(...labels, 'requests-per-minute').set(requests);
    if (tokens !== undefined) metrics.clusterQuotaShare.child(...labels, 'tokens-per-minute').set(tokens);
  }
}
