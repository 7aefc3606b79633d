/** A target as people and machines see it from outside: plain data. */
import type { BreakerView } from './breaker.ts';
import type { QuotaView } from './quota/quota-ledger.ts';

/** Why a target cannot be asked now; `available` when it can. */
export type TargetState =
  | 'available'
  | 'draining'
  | 'key-quarantined'
  | 'model-gone'
  | 'quota-cooldown'
  | 'cooldown'
  | 'held'
  | 'breaker-open'
  | 'no-capacity'
  | 'slow-start'
  | 'full';

export interface TargetView {
  readonly id: string;
  readonly provider: string;
  readonly key: string;
  readonly model: string;
  readonly state: TargetState;
  readonly inFlight: number;
  readonly weight: number;
  readonly freeInMs: number;
  /** Learned, for a prompt of a thousand tokens. */
  readonly firstTokenMs: number | undefined;
  /** Learned, per token after the first. */
  readonly tokenMs: number | undefined;
  /** Of recent attempts, forgotten over a minute or so. */
  readonly faultShare: number;
  /** Requests at once that a slow start lets in; undefined when in none. */
  readonly slowStartWindow: number | undefined;
  /** Why other nodes say to leave it alone; undefined when nobody does. */
  readonly heldFor: string | undefined;
  readonly breaker: BreakerView;
  readonly quarantine: BreakerView;
  /** Undefined while the vendor has never been full. */
  readonly capacity: BreakerView | undefined;
  readonly quotaGroup: string;
  readonly quota: QuotaView;
  readonly lastOutcome: string;
}
