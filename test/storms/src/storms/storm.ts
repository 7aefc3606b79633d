import type { Spell } from './weather.ts';

/** One storm: upstreams, traffic, and what happens to them. */
export interface Storm {
  readonly id: string;
  /** As a sentence without an end. */
  readonly title: string;
  readonly durationMs: number;
  readonly requestsPerSecond: number;
  readonly providers: Readonly<Record<string, ModelledProvider>>;
  /** Tried in order; each entry is every key of a provider, for one model. */
  readonly pools: readonly (readonly { readonly provider: string; readonly model: string }[])[];
  /** What the vendor allows, by `provider/group/model`. Absent: no limit. */
  readonly limits: Readonly<Record<string, QuotaLimit>>;
  readonly spells: readonly Spell[];
  /** When all that was down comes back together. */
  readonly recoveryAtMs?: number;
  /** Of the run's seeds, for a storm whose work is large and in which each seed tells much; absent: all of them. */
  readonly seedPart?: number;
  /** Gateways in front of these upstreams; absent: a single one. */
  readonly nodes?: Nodes;
  /** A key that its provider gets in the middle of the storm, as by a reload of the config. */
  readonly joins?: { readonly atMs: number; readonly provider: string; readonly key: ModelledKey };
}

/** What is said of a node holds where each is one of several; a single node with all the traffic is in no trouble. */
export interface Nodes {
  readonly count: number;
  /** In order of time: each node's part of the traffic from a moment on. Absent: equal parts. */
  readonly parts?: readonly { readonly fromMs: number; readonly of: readonly number[] }[];
  readonly troubles?: readonly NodeTrouble[];
}

export interface NodeTrouble {
  readonly node: number;
  /** From 0 on, an absence is of a node that has yet to join. */
  readonly fromMs: number;
  readonly untilMs: number;
  /**
   * `cut`: it hears nobody and nobody hears it, and none is told so. `away`: it gets no clients, ends those that it has,
   * and comes back with nothing that it knew.
   */
  readonly kind: 'cut' | 'away';
}

export interface ModelledProvider {
  readonly keys: readonly ModelledKey[];
}

export interface ModelledKey {
  readonly name: string;
  readonly quotaGroup?: string;
  /** Median time to the first token of a short prompt on an idle upstream. */
  readonly firstTokenMs: number;
  /** Per token of the answer. */
  readonly tokenMs: number;
  /** Answers that are generated at the same time; more wait in a queue. */
  readonly slots: number;
}

/** Mistral's two rungs: requests per wall-clock minute, tokens in a sliding minute. Either may be absent. */
export interface QuotaLimit {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}
