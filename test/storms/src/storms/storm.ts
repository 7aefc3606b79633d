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
  /** A key that its provider gets in the middle of the storm, as by a reload of the config. */
  readonly joins?: { readonly atMs: number; readonly provider: string; readonly key: ModelledKey };
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
