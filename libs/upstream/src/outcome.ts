/**
 * How an attempt ended. A failure of an upstream is a value, never an exception; only some outcomes count against a
 * target, and each has its own rule for what may be tried next (failover/next-step.ts).
 */
export type Outcome =
  | { readonly kind: 'ok' }
  /** The vendor's rate limit. `never`: the plan does not include this model at all. No rung is an unknown rung. */
  | {
      readonly kind: 'quota';
      readonly never: boolean;
      readonly rung?: QuotaRung;
      readonly retryAfterMs: number;
    }
  /** The vendor itself is full; neither key nor target is to blame. */
  | { readonly kind: 'capacity'; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'fault'; readonly reason: FaultReason; readonly retryAfterMs: number | undefined }
  /** The key was rejected. Re-tried by probes, because a 401 can also mean an exhausted quota. */
  | { readonly kind: 'credentials' }
  | { readonly kind: 'model-gone' }
  /** The request itself is wrong: it would fail everywhere. */
  | { readonly kind: 'caller-fault' }
  /** The client left, or the gateway took the attempt back. */
  | { readonly kind: 'cancelled' };

/** Which of a vendor's two limits is spent: requests come back with the wall clock's minute, tokens little by little. */
export type QuotaRung = 'requests' | 'tokens' | 'unknown';

export type FaultReason =
  | 'connect-timeout'
  | 'first-token-timeout'
  | 'answer-timeout'
  | 'idle-timeout'
  | 'deadline'
  | 'refused'
  | 'reset'
  | 'status-5xx'
  | 'not-json'
  | 'empty'
  | 'truncated'
  | 'error-frame'
  | 'diverged'
  | 'oversized';

export const OK: Outcome = { kind: 'ok' };
export const CANCELLED: Outcome = { kind: 'cancelled' };

export function fault(reason: FaultReason, retryAfterMs?: number): Outcome {
  return { kind: 'fault', reason, retryAfterMs };
}

/** A short word for labels and logs: the reason of a fault, else the kind. */
export function outcomeReason(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'fault':
      return outcome.reason;
    case 'quota':
      return outcome.never ? 'never' : 'limited';
    case 'ok':
    case 'capacity':
    case 'credentials':
    case 'model-gone':
    case 'caller-fault':
    case 'cancelled':
      return '';
  }
}
