export { Awareness } from './awareness.ts';
export { type ClusterOptions, clusterOptions, natsOptions, tlsOptions } from './bus-options.ts';
export type { Refusal } from './codec.ts';
export { MAX_HEARD_WAIT_MS, type Place } from './holding.ts';
export { type Faults, type MemoryBus, MemoryNetwork } from './memory-bus.ts';
export { NatsBus, type NatsBusDeps, type NatsBusOptions } from './nats-bus.ts';
export { type Attachment, Hub } from './hub.ts';
export { HubBus } from './hub-bus.ts';
export type { HubWord, Port } from './hub-port.ts';
export { intervalMs } from './pace.ts';
export type { Heard, PeerState } from './peer.ts';
export { newPeerId } from './peer-id.ts';
export { FORGET_AFTER_MS, type Merged, Peers } from './peers.ts';
export { type Identity, Publisher } from './publisher.ts';
export type { OthersUse, QuotaLimits, Share } from './quota-share.ts';
export { type Receipt, Receiver } from './receiver.ts';
export {
  type Bus,
  type BusState,
  type Contribution,
  type QuotaUse,
  type RetryUse,
  type Statement,
  type Subject,
  type TargetEvidence,
  type Trip,
  type Unsubscribe,
  type Wait,
  type WaitKey,
  type WaitKind,
} from './shapes.ts';
export { type ClusterView, clusterView, type TargetSight, type Viewpoint } from './view.ts';
export type { DropReason, MeasuredBus, Traffic } from './traffic.ts';
export type { Local, LocalQuota } from './local.ts';
export { Membership, type MembershipDeps } from './membership.ts';
