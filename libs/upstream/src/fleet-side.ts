/**
 * A fleet as one of several nodes' fleets: what it has to say to the others, and what becomes of what they say. Takes the
 * fleet by a function, because a reload makes a new one.
 */
import type { Evidence, Place, QuotaEvidence, WaitKey } from './evidence.ts';
import { evidenceOf, knowsItsKey, placeBesideKeyOf, placeOf, quotaEvidenceOf } from './fleet-evidence.ts';
import type { Fleet } from './fleet.ts';
import type { Word } from './hearsay.ts';
import type { Quota } from './quota/quota.ts';
import type { Target } from './target.ts';

/** Of one limit: what this node may use, or has used, of each window. */
interface WindowUse<Amount> {
  readonly requests: Amount;
  readonly tokens: Amount;
}

interface SharedQuota {
  readonly share: WindowUse<number | undefined>;
  /** What all other nodes have used. */
  readonly others: WindowUse<number>;
}

export interface FleetSide {
  readonly places: () => readonly Place[];
  readonly evidence: () => Evidence;
  /** Counts what was asked since the last call. */
  readonly quotas: () => ReadonlyMap<string, QuotaEvidence>;
  /** By target id. */
  readonly hear: (words: ReadonlyMap<string, Word>) => void;
  /** Asks for the share of each quota, by its id. */
  readonly share: (shareOf: (quota: string) => SharedQuota) => void;
  readonly probeSoon: (key: WaitKey) => void;
}

export function fleetSide(current: () => Fleet): FleetSide {
  /** Names of targets never change: their places are made once. */
  const place = remembered(placeOf);
  const placeBesideKey = remembered(placeBesideKeyOf);
  return {
    places: () => current().targets.map((target) => (knowsItsKey(target) ? placeBesideKey(target) : place(target))),
    evidence: () => evidenceOf(current()),
    quotas: () => quotaEvidenceOf(current()),
    hear: (words) => {
      for (const target of current().targets) {
        const word = words.get(target.id);
        if (word !== undefined) target.hear(word);
      }
    },
    share: (shareOf) => {
      const shared = new Set<Quota>();
      for (const target of current().targets) {
        const { quota } = target;
        if (shared.has(quota)) continue;
        shared.add(quota);
        const { share, others } = shareOf(target.quotaId);
        quota.ledger.share({ ...share, othersRequests: others.requests, othersTokens: others.tokens });
      }
    },
    probeSoon: (key) => current().key(key.slice('key:'.length))?.quarantine.probeSoon(),
  };
}

function remembered(make: (target: Target) => Place): (target: Target) => Place {
  const made = new WeakMap<Target, Place>();
  return (target) => {
    const known = made.get(target) ?? make(target);
    made.set(target, known);
    return known;
  };
}
