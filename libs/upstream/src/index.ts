export type { BreakerState, BreakerView } from './breaker.ts';
export { classifyErrorFrame, classifyRefusal } from './classify.ts';
export { keyIdOf, type WaitKey } from './evidence.ts';
export { type FleetSide, fleetSide } from './fleet-side.ts';
export type { Word } from './hearsay.ts';
export type { LedgerShare } from './quota/quota-ledger.ts';
export { Fleet, type FleetDeps, type PoolEntryOptions } from './fleet.ts';
export {
  type BreakerOptions,
  type KeyOptions,
  type ProviderOptions,
  providerOptions,
} from './options.ts';
export { promptFactor } from './first-token-time.ts';
export type { Ask, Lease } from './lease.ts';
export { CANCELLED, type FaultReason, fault, OK, type Outcome, outcomeReason, type QuotaRung } from './outcome.ts';
export { Member, type Pool } from './pool.ts';
export { fingerprint, type Key, type Provider } from './provider.ts';
export { Target } from './target.ts';
export type { TargetState, TargetView } from './target-view.ts';
export type { InFlight, Receiver, Transport, UpstreamCall, UpstreamHeaders } from './transport.ts';
export type { TripReason } from './trip-rule.ts';
export { socketTransport } from './socket/socket-transport.ts';
export { type WholeAnswer, wholeCall } from './whole-call.ts';
