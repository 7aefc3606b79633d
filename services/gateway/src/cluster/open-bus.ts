/** The node's connection to its cluster's NATS servers, which says in the log when it comes and goes, and why. */
import { type ClusterOptions, NatsBus } from '@leeward/cluster';
import type { Clock, Rng } from '@leeward/kernel';
import type { Logger } from '@leeward/telemetry';

/** A server that is there answers within this; one that comes later is told of when it does. */
const ABSENT_AFTER_MS = 5000;

interface OpenBusDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
}

/** Connects beside everything else; `peer` is how this node is called in the servers' lists. */
export function openBus({ clock, rng, logger }: OpenBusDeps, cluster: ClusterOptions, peer: string): NatsBus {
  const bus = new NatsBus({ clock, rng }, { ...cluster, peer });
  bus.onStateChange((state) => {
    if (state === 'connected') logger.info({ cluster: cluster.name }, 'cluster-bus-connected');
    else if (state === 'connecting') {
      logger.warn({ cluster: cluster.name, reason: bus.problem }, 'cluster-bus-disconnected');
    }
  });
  clock.after(ABSENT_AFTER_MS, () => {
    if (bus.state === 'connecting') logger.warn({ cluster: cluster.name, reason: bus.problem }, 'cluster-bus-absent');
  });
  return bus;
}
