/**
 * What this node has seen of its targets, as plain data that other nodes can use: its own observations only, never what
 * it heard. Durations end or begin now, because nodes share no clock.
 */
import type { Fleet } from './fleet.ts';
import type { Key } from './provider.ts';
import type { Target } from './target.ts';

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
  readonly tokenMs: number | undefined;
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
  readonly reserved: number;
  /** Sums over what was asked for, granted or not; with the squares of their sizes, to tell a rush from a large request. */
  readonly asked: { readonly requests: number; readonly tokens: number; readonly tokenSquares: number };
}

/** A key that waits for its probe is not to be asked by anyone; so it is said again while the probe runs. */
const PROBING_MS = 2000;

/** By quota id, `provider/group/model`. */
export function quotaIdOf({ provider, key, model }: Target): string {
  return `${provider.name}/${key.quotaGroup}/${model}`;
}

export function keyIdOf(provider: string, key: string): WaitKey {
  return `key:${provider}/${key}`;
}

export function placeOf(target: Target): Place {
  const { id, provider, key, model } = target;
  return {
    id,
    provider: provider.name,
    waitKeys: [
      `target:${id}`,
      keyIdOf(provider.name, key.name),
      `quota:${quotaIdOf(target)}`,
      `model:${provider.name}/${model}`,
    ],
  };
}

export function evidenceOf(fleet: Fleet): Evidence {
  const targets: Record<string, TargetEvidence> = {};
  const waits: Record<WaitKey, { forMs: number; reason: string }> = {};
  const wait = (key: WaitKey, forMs: number, reason: string) => {
    if (forMs > 0) waits[key] = { forMs, reason };
  };
  for (const target of fleet.targets) {
    const evidence = target.evidence;
    if (evidence.samples > 0 || evidence.inFlight > 0 || evidence.trip !== undefined) targets[target.id] = evidence;
    const { target: targetMs, quota: quotaMs, model: modelMs } = target.orderedWaits;
    wait(`target:${target.id}`, targetMs, 'cooldown');
    wait(`quota:${quotaIdOf(target)}`, quotaMs, 'quota-cooldown');
    wait(`model:${target.provider.name}/${target.model}`, modelMs, 'model-gone');
  }
  for (const provider of fleet.providers) {
    for (const key of provider.keys) wait(keyIdOf(provider.name, key.name), quarantineMs(key), 'key-quarantined');
  }
  return { targets, waits };
}

function quarantineMs({ quarantine }: Key): number {
  return quarantine.state === 'closed' ? 0 : Math.max(PROBING_MS, quarantine.probeInMs);
}

export function quotaEvidenceOf(fleet: Fleet): ReadonlyMap<string, QuotaEvidence> {
  const asked = fleet.takeAsked();
  const quotas = new Map<string, QuotaEvidence>();
  for (const target of fleet.targets) {
    const id = quotaIdOf(target);
    if (quotas.has(id)) continue;
    const { ledger } = target.quota;
    const { requestsPerMinute, tokensPerMinute } = ledger.limits;
    if (requestsPerMinute === undefined && tokensPerMinute === undefined) continue;
    quotas.set(id, {
      requestsPerMinute,
      tokensPerMinute,
      ...ledger.used,
      asked: asked.get(id) ?? NOTHING_ASKED,
    });
  }
  return quotas;
}

const NOTHING_ASKED = { requests: 0, tokens: 0, tokenSquares: 0 };
