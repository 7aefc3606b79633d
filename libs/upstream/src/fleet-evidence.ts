/** What a fleet has seen, gathered from its targets, keys and quotas. */
import {
  type Evidence,
  keyIdOf,
  type Place,
  type QuotaEvidence,
  type TargetEvidence,
  type WaitKey,
} from './evidence.ts';
import type { Fleet } from './fleet.ts';
import type { Key } from './provider.ts';
import type { Target } from './target.ts';

/** A key that waits for its probe is not to be asked by anyone; so it is said again while the probe runs. */
const PROBING_MS = 2000;

/**
 * Of a key whose probe nobody came to make, or only who could not reach the vendor: it holds nobody, and is for another
 * node to probe. It is said, because to say nothing any more is to have found the key well.
 */
const UNPROBED = { forMs: 0, reason: 'key-unprobed' } as const;

/**
 * After a probe has found a key well, what others say of it counts no more for so long: they probe it themselves soon, or
 * they have no traffic to do it with and stop saying so.
 */
const KNOWN_WELL_MS = 15_000;

/** A target as others may hold it back. */
export function placeOf(target: Target): Place {
  const { provider, key } = target;
  const place = placeBesideKeyOf(target);
  return { ...place, waitKeys: [...place.waitKeys, keyIdOf(provider.name, key.name)] };
}

/** The same but for its key. */
export function placeBesideKeyOf({ id, provider, quotaId, model }: Target): Place {
  return {
    id,
    provider: provider.name,
    waitKeys: [`target:${id}`, `quota:${quotaId}`, `model:${provider.name}/${model}`],
  };
}

/**
 * Whether we know by ourselves how the target's key is. One that we put aside waits for a probe of ours: two nodes that
 * obeyed each other would never make theirs.
 */
export function knowsItsKey({ key: { quarantine } }: Target): boolean {
  return quarantine.state !== 'closed' || quarantine.recoveredAgoMs < KNOWN_WELL_MS;
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
    wait(`quota:${target.quotaId}`, quotaMs, 'quota-cooldown');
    wait(`model:${target.provider.name}/${target.model}`, modelMs, 'model-gone');
  }
  for (const provider of fleet.providers) {
    for (const key of provider.keys) {
      const id = keyIdOf(provider.name, key.name);
      if (key.quarantine.isForgotten) waits[id] = UNPROBED;
      else wait(id, quarantineMs(key), 'key-quarantined');
    }
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
    const id = target.quotaId;
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
