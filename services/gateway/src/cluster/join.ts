/** This process as a peer of its cluster: its fleet and its retry budget on one side, the bus on the other. */
import { type MeasuredBus, Membership, newPeerId } from '@leeward/cluster';
import { RETRY_BUDGET, type RetryBudget } from '@leeward/failover';
import type { Clock, Rng } from '@leeward/kernel';
import type { Logger, Metrics } from '@leeward/telemetry';
import { type Fleet, fleetSide, keyIdOf } from '@leeward/upstream';
import { clusterMirror } from '../record/mirror-cluster.ts';
import type { ModelLabel } from '../record/model-labels.ts';
import { type PeersView, viewPeers } from './view-peers.ts';

export interface JoinDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly budget: RetryBudget;
  /** The one in use: reloads replace it. */
  readonly fleet: () => Fleet;
  readonly modelLabel: ModelLabel;
}

export interface ClusterSide {
  /** Something happened that the others should know now. */
  readonly tell: () => void;
  readonly drain: () => void;
  readonly undrain: () => void;
  readonly mayProbe: (provider: string, key: string) => boolean;
  readonly view: () => PeersView;
  /** What is amiss, in words for the readiness page; empty when nothing is. */
  readonly degraded: () => readonly string[];
  /** Says goodbye and lets go of the bus. */
  readonly leave: (signal: AbortSignal) => Promise<void>;
}

export interface PeerPlace {
  readonly name: string;
  readonly bus: (peer: string) => MeasuredBus;
}

export function joinCluster(deps: JoinDeps, { name, bus: openBus }: PeerPlace): ClusterSide {
  const { clock, rng, logger, metrics, budget, fleet, modelLabel } = deps;
  const peer = newPeerId(name, rng);
  const bus = openBus(peer);
  const side = fleetSide(fleet);
  const membership = new Membership(
    {
      clock,
      rng,
      bus,
      local: {
        ...side,
        hear: (sights) => {
          const before = heldIds(fleet());
          side.hear(sights);
          for (const target of fleet().targets) {
            const { heldFor } = target;
            if (heldFor === undefined || before.has(target.id)) continue;
            metrics.clusterHoldsTotal.child(HOLDS.has(heldFor) ? heldFor : 'other').inc();
            logger.info({ target: target.id, reason: heldFor, forMs: Math.round(target.freeInMs) }, 'target-held');
          }
        },
        retries: () => budget.take(),
        shareRetries: (perSecond) => budget.share(perSecond),
      },
      retryFloorPerSecond: RETRY_BUDGET.perSecond,
      onConverged: (tookMs) => {
        metrics.clusterConvergenceSeconds.child().observe(tookMs / 1000);
        logger.info({ tookMs: Math.round(tookMs), peers: membership.peers.length }, 'cluster-converged');
      },
    },
    peer,
  );
  metrics.onCollect(clusterMirror(metrics, { membership, bus, fleet, clock, modelLabel }));
  membership.start();
  return {
    tell: () => membership.tell(),
    drain: () => membership.drain(),
    undrain: () => membership.undrain(),
    mayProbe: (provider, key) => membership.mayProbe(keyIdOf(provider, key)),
    view: () => viewPeers(membership, fleet(), clock.nowMs()),
    degraded: () => (bus.state === 'connected' ? [] : ['cluster-bus-disconnected']),
    leave: (signal) => membership.stop(signal),
  };
}

/** What this version says; a newer one's words would be labels that nobody bounds. */
const HOLDS: ReadonlySet<string> = new Set(['cooldown', 'quota-cooldown', 'key-quarantined', 'model-gone']);

function heldIds(fleet: Fleet): ReadonlySet<string> {
  return new Set(fleet.targets.filter(({ heldFor }) => heldFor !== undefined).map(({ id }) => id));
}
