/**
 * What went through one peer's bus, and what did not: a bus may lose, but never in silence. Counters only; they are
 * read when metrics are, so nothing of this costs a message more than an addition.
 */
import type { Bus } from '../shapes.ts';

/**
 * Why a bus did not send: it had no connection; what it had sent was not taken yet; the message is larger than any may
 * be, or than the server takes.
 */
export type DropReason = 'disconnected' | 'congested' | 'oversized';

export interface Traffic {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

/** A bus that says what went through it: all of ours do. */
export interface MeasuredBus extends Bus {
  readonly traffic: Traffic;
}

export class TrafficCount implements Traffic {
  sentMessages = 0;
  sentBytes = 0;
  receivedMessages = 0;
  receivedBytes = 0;
  readonly dropped: Record<DropReason, number> = { disconnected: 0, congested: 0, oversized: 0 };

  /** What became of a message that was to be sent: dropped for a reason, or on its way. */
  count(bytes: Uint8Array, dropped: DropReason | undefined): void {
    if (dropped !== undefined) {
      this.dropped[dropped]++;
      return;
    }
    this.sentMessages++;
    this.sentBytes += bytes.byteLength;
  }

  received(bytes: Uint8Array): void {
    this.receivedMessages++;
    this.receivedBytes += bytes.byteLength;
  }
}
