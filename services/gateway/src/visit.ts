import type { PickerName } from '@leeward/balancer';
import type { ExchangeReport } from '@leeward/failover';
import type { ClientRequest } from '@leeward/wire';

/** A request as the edge let it in. */
export interface Visit {
  readonly requestId: string;
  readonly clientName: string;
  /** On the monotonic clock. */
  readonly startedAtMs: number;
}

/** An exchange that begins, as it was read and routed. */
export interface BegunExchange {
  readonly visit: Visit;
  readonly client: ClientRequest;
  /** The surface's path, whatever prefix the client uses. */
  readonly path: string;
  /** As the client wrote it. */
  readonly url: string;
  readonly isTls: boolean;
  /** The route as configured; `*` for the wildcard. */
  readonly route: string;
  readonly picker: PickerName;
  /** What its affinity was taken from; undefined when it has none. */
  readonly affinity: AffinitySource | undefined;
}

/** What a client may know its conversation by, in the order in which they count. */
export type AffinitySource = 'session' | 'prompt-cache-key' | 'conversation';

/** An exchange that is over, with all that may be told of it. */
export interface FinishedExchange extends BegunExchange {
  readonly report: ExchangeReport;
  /** What the client saw; 499 when it left before that. */
  readonly status: number;
  /** Of a sampled exchange. */
  readonly traceId: string | undefined;
}
