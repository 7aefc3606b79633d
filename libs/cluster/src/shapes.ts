/**
 * What a cluster's peers say to each other, as plain data, and how they reach each other. A peer speaks only of itself
 * and of what it has seen: there is nothing that two of them could write at once. Peers share no clock, so every time
 * is a duration that ended or begins at the sending; the one wall reading, the epoch, only tells two lives of a peer
 * apart.
 */

/** What is sent: all or some of what a peer has (`digest`), what cannot wait (`event`), a joiner's question (`hello`). */
export type Subject = 'digest' | 'event' | 'hello';

export type BusState = 'connecting' | 'connected' | 'closed';

export type Unsubscribe = () => void;

/** How a cluster's peers reach each other. Never on a request's path: `publish` returns at once and may lose. */
export interface Bus {
  readonly state: BusState;
  publish(subject: Subject, bytes: Uint8Array): void;
  subscribe(subject: Subject, run: (bytes: Uint8Array) => void): Unsubscribe;
  onStateChange(run: (state: BusState) => void): Unsubscribe;
  /** Sends what was published, then closes; the signal ends the waiting. */
  close(signal: AbortSignal): Promise<void>;
}

/** One peer's own contribution: what it says of itself and of what it has seen. */
export interface Contribution {
  /** The peer's id: its name and something random. */
  readonly peer: string;
  /** Wall milliseconds at its start: a restart is a new epoch. */
  readonly epoch: number;
  /** Grows by 1 with each message of this peer. */
  readonly seq: number;
  /** All that it has, or only what changed since its last message. */
  readonly full: boolean;
  /** How much it distrusts its own observations: 0 well to 8 ill. */
  readonly health: number;
  readonly draining: boolean;
  /** By target id, `provider/key/model`. */
  readonly targets: Readonly<Record<string, TargetEvidence>>;
  /** By `kind:id`. */
  readonly waits: Readonly<Record<WaitKey, Wait>>;
  /** By `provider/group/model`. */
  readonly quotas: Readonly<Record<string, QuotaUse>>;
  readonly retries: RetryUse;
}

/** What a peer says, without who says it and in which message. */
export type Statement = Omit<Contribution, 'peer' | 'epoch' | 'seq' | 'full'>;

export interface TargetEvidence {
  /** Of a prompt of a thousand tokens. */
  readonly firstTokenMs?: number | undefined;
  /** How many observations stand behind it; old ones count less. */
  readonly samples: number;
  /** Since the last observation. */
  readonly ageMs: number;
  readonly inFlight: number;
  /** 0 to 1: of its recent attempts, how many failed. */
  readonly faultShare: number;
  /** Its breaker's last trip, while that breaker is not closed. */
  readonly trip?: Trip | undefined;
}

export interface Trip {
  readonly reason: string;
  /** Attempts behind it. */
  readonly samples: number;
  readonly ageMs: number;
}

/** What a wait holds back: a quota group's model, one target, a whole key, a provider's model that is gone. */
export type WaitKind = 'quota' | 'target' | 'key' | 'model';

export type WaitKey = `${WaitKind}:${string}`;

/** A cooldown, a quarantine, a model that is gone: what remains of it. */
export interface Wait {
  readonly forMs: number;
  readonly reason: string;
}

/** The reason of a wait of nothing on a key that is put aside still, and that this peer cannot probe. */
export const UNPROBED = 'key-unprobed';

export interface QuotaUse {
  /** In this wall-clock minute. */
  readonly requests: number;
  /** In the last 60 seconds. */
  readonly tokens: number;
  /** Demand: what this peer would use if it could. */
  readonly wantedRequestsPerMinute: number;
  readonly wantedTokensPerMinute: number;
}

export interface RetryUse {
  readonly earnedPerSecond: number;
  readonly spentPerSecond: number;
}

/** A thousand targets with their waits and quotas, in one message; what a peer stores of another is bounded by it too. */
export const MAX_ENTRIES = 4096;

/** Holds that many entries with ids of a usual length, well under NATS's own limit of 1 MiB. */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Ten times the largest fleet that is measured. */
export const MAX_PEERS = 1024;

export const MAX_PEER_ID_CHARS = 64;

/** Three names of a config (provider, key or group, model), each of a hundred characters, with room to spare. */
export const MAX_ID_CHARS = 320;

/** Reasons come from closed sets of short words. */
export const MAX_REASON_CHARS = 40;

export const MOST_ILL = 8;
