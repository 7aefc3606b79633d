/**
 * What this node has seen of its targets, as plain data that other nodes can use: its own observations only, never what
 * it heard. Durations end or begin now, because nodes share no clock.
 */
/** A target, and the names of what may hold it back: itself, its key, its quota, its model. */
export interface Place {
  readonly id: string;
  readonly provider: string;
  readonly waitKeys: readonly WaitKey[];
}

export type WaitKey = `${'quota' | 'target' | 'key' | 'model'}:${string}`;

export interface Evidence {
  /** By target id; only those of which there is anything to say. */
  readonly targets: Readonly<Record<string, TargetEvidence>>;
  readonly waits: Readonly<Record<WaitKey, { readonly forMs: number; readonly reason: string }>>;
}

export interface TargetEvidence {
  readonly firstTokenMs: number | undefined;
  readonly samples: number;
  readonly ageMs: number;
  readonly inFlight: number;
  readonly faultShare: number;
  readonly trip: { readonly reason: string; readonly samples: number; readonly ageMs: number } | undefined;
}

/** One quota group's limits for one model, what this node has used, and what was asked for since the last call. */
export interface QuotaEvidence {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly requests: number;
  readonly tokens: number;
  /** Sums over what was asked for, granted or not; with the squares of their sizes, to tell a rush from a large request. */
  readonly asked: { readonly requests: number; readonly tokens: number; readonly tokenSquares: number };
}

export function keyIdOf(provider: string, key: string): WaitKey {
  return `key:${provider}/${key}`;
}
