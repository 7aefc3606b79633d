/**
 * What the gateway tells, once a second (`GET /admin/events`) or when asked. The page is served by the gateway that it
 * shows, so both are of one version, and the shapes are taken at their word.
 */
export interface View {
  readonly about: { readonly node: string; readonly version: string; readonly workers: number };
  /** What state-changing calls need. */
  readonly access: 'token' | 'loopback';
  readonly status: 'starting' | 'ready' | 'draining';
  readonly degraded: readonly string[];
  readonly inFlight: number;
  readonly targets: readonly TargetView[];
  readonly routes: readonly RouteView[];
  readonly tallies: Readonly<Record<string, RouteTally>>;
  /** Those since the last view, newest first; and how many more there were. */
  readonly decisions: readonly Decision[];
  readonly untold: number;
  readonly cluster: ClusterView;
}

export interface TargetView {
  readonly id: string;
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  readonly state: string;
  readonly inFlight: number;
  readonly weight: number;
  readonly headroom: number;
  /** Null, as JSON has no infinity: never by itself. */
  readonly freeInMs: number | null;
  readonly firstTokenMs?: number;
  readonly tokenMs?: number;
  readonly faultShare: number;
  readonly slowStartWindow?: number;
  readonly heldFor?: string;
  readonly breaker?: BreakerView;
  readonly quarantine?: BreakerView;
  readonly capacity?: BreakerView;
  readonly quotaGroup: string;
  readonly quota: QuotaView;
  readonly lastOutcome: string;
  readonly tally: TargetTally;
  /** How many of the node's workers say what `state` says, when they do not all say that it is available. */
  readonly ailingWorkers?: number;
}

export interface BreakerView {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly lastTrip?: { readonly reason: string; readonly agoMs: number };
  readonly nextProbeInMs?: number;
  readonly successShare: number;
  readonly samples: number;
}

export interface QuotaView {
  readonly requestsPerMinute?: number;
  readonly requestsRemaining?: number;
  readonly tokensPerMinute?: number;
  readonly tokensRemaining?: number;
  readonly headroom: number;
}

/** Since the process began. */
export interface TargetTally {
  readonly attempts: number;
  readonly failed: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
}

export interface RouteTally {
  readonly requests: number;
  readonly failed: number;
}

interface MemberView {
  readonly id: string;
  readonly weight: number;
  /** Among its siblings, as the picker compares them. */
  readonly load: number;
}

export interface RouteView {
  readonly name: string;
  /** What the wildcard was asked for. */
  readonly model?: string;
  readonly picker: string;
  readonly pools: readonly (readonly MemberView[])[];
}

export interface Decision {
  readonly requestId: string;
  readonly client: string;
  readonly route: string;
  readonly model: string;
  readonly surface: string;
  readonly stream: boolean;
  readonly picker: string;
  readonly affinity: string;
  readonly status: number;
  readonly end: string;
  readonly code?: string;
  readonly servedBy?: string;
  readonly agoMs: number;
  readonly durationMs: number;
  readonly firstTokenMs?: number;
  readonly worker?: number;
  readonly attempts: readonly Attempt[];
}

export interface Attempt {
  readonly target: string;
  readonly pool: number;
  readonly cause: string;
  readonly candidates: readonly Candidate[];
  readonly status?: number;
  readonly outcome: string;
  readonly reason?: string;
  readonly afterMs: number;
  readonly firstTokenMs?: number;
  readonly tookMs: number;
}

export interface Candidate {
  readonly id: string;
  readonly state: string;
  readonly load: number;
  readonly freeInMs?: number | null;
}

/** As this process sees it; of a node of several workers each has a view of its own. */
export type ClusterView =
  | PeersView
  | { readonly workers: readonly (Partial<PeersView> & { readonly worker: number })[] };

export interface PeersView {
  readonly self: {
    readonly peer: string;
    readonly epoch: number;
    readonly health: number;
    readonly bus: string;
    readonly intervalMs: number;
  } | null;
  readonly peers: readonly PeerView[];
  readonly shares: readonly ShareView[];
}

export interface PeerView {
  readonly peer: string;
  readonly ageMs: number;
  readonly health: number;
  readonly draining: boolean;
  readonly targets: number;
  readonly waits: readonly { readonly key: string; readonly reason: string; readonly forMs: number }[];
}

export interface ShareView {
  readonly quota: string;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly requestsShare?: number;
  readonly tokensShare?: number;
}

export interface History {
  readonly stepMs: number;
  readonly targets: Readonly<Record<string, readonly number[]>>;
  readonly routes: Readonly<Record<string, readonly number[]>>;
  readonly failures: Readonly<Record<string, readonly number[]>>;
}

export interface KeyReport {
  readonly provider: string;
  readonly key: string;
  readonly state: 'valid' | 'rejected' | 'unreachable' | 'unclear';
  readonly reason?: string;
  readonly models: { readonly count: number; readonly names: readonly string[] };
  readonly quota: Readonly<Record<string, string>>;
  readonly latency?: {
    readonly model: string;
    readonly requests: number;
    readonly succeeded: number;
    readonly p50Ms?: number;
    readonly p95Ms?: number;
  };
}
