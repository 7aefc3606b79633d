/** What the admin port shows, and what it may change: of one process, or of a node of several that are asked. */
import type { Logger, Metrics } from '@leeward/telemetry';
import type { DecisionFilter } from '../record/decisions.ts';
import type { LiveView } from '../admin/live-view.ts';
import type { KeyReport } from '../admin/inspect-keys.ts';
import type { TrafficHistory } from '../record/traffic.ts';
import type { ConsoleFiles } from './console-files.ts';

/** A node of several processes has to ask them. */
type Soon<T> = T | Promise<T>;

export interface Readiness {
  /** Only who is `ready` is to get traffic. */
  readonly status: 'starting' | 'ready' | 'draining';
  /** What is amiss without keeping the node from serving. */
  readonly degraded: readonly string[];
  readonly inFlight: number;
}

/** What stays as it is while the node runs. */
export interface About {
  readonly node: string;
  readonly version: string;
  /** Processes that serve. */
  readonly workers: number;
}

export interface AdminDeps {
  readonly about: About;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly console: ConsoleFiles;
  readonly metrics: Pick<Metrics, 'text'>;
  readonly isDraining: () => boolean;
  readonly drain: () => void;
  /** Takes a drain back; false when the node is ending. */
  readonly undrain: () => Soon<boolean>;
  /** False when there is no such target. */
  readonly drainTarget: (target: string, drain: boolean) => Soon<boolean>;
  /** Undefined when there is no such key. */
  readonly testKey: (provider: string, key: string, signal: AbortSignal) => Promise<KeyReport | undefined>;
  /** Undefined where none is configured. */
  readonly adminToken: () => Buffer | undefined;
  readonly readiness: () => Soon<Readiness>;
  readonly targets: () => Soon<readonly object[]>;
  /** For one caller, that asks again and again: with what is new since it last did. */
  readonly live: () => Soon<LiveView>;
  readonly history: () => Soon<TrafficHistory>;
  readonly decisions: (filter: DecisionFilter) => Soon<readonly object[]>;
  /** Of the cluster, as this node sees it. */
  readonly peers: () => Soon<object>;
  /** Without secrets. */
  readonly config: () => object;
  readonly inFlight: () => Soon<number>;
}
