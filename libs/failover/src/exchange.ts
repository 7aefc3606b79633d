/** What failover is given, what it writes to, and what it reports. Plain data: nothing here knows HTTP servers. */
import type { GatewayError } from '@leeward/kernel';
import type { Member, Outcome, Pool, UpstreamHeaders } from '@leeward/upstream';
import type { ClientRequest, Usage } from '@leeward/wire';
import type { Hedging } from './hedging.ts';
import type { Retries, Timeouts } from './options.ts';

export interface Exchange {
  readonly request: ClientRequest;
  /** The surface's path at the upstream, such as /v1/chat/completions. */
  readonly path: string;
  /** Tried in order. */
  readonly pools: readonly Pool[];
  readonly timeouts: Timeouts;
  readonly retries: Retries;
  readonly recovery: 'resume' | 'error';
  /** On the monotonic clock. Covers every attempt, wait and stream. */
  readonly deadlineAtMs: number;
  /** Largest whole answer that is kept in memory, in bytes. */
  readonly maxAnswerBytes: number;
  /** Exchanges with the same one are better served by the same target: a session, the beginning of a conversation. */
  readonly affinity?: string | undefined;
  /** The route's; absent for routes without hedging. */
  readonly hedging?: Hedging | undefined;
  /** Told of whom each attempt asks, as it begins; its answer is told of the end. For who must keep count of what runs. */
  readonly onAttempt?: ((member: Member) => (report: AttemptReport) => void) | undefined;
}

/** The client's end of an exchange. */
export interface Downstream {
  /** The client is gone. */
  readonly left: boolean;
  /** Calls `run` when the client leaves; one listener, the last one set. */
  onLeave(run: () => void): void;
  /** Aborts when the client leaves: for what waits. Dearer than `onLeave`, and only made when asked for. */
  readonly signal: AbortSignal;
  /** The head of a streamed answer; once, before the first `write`. */
  beginStream(served: Served): void;
  /** False when the client is slower than the upstream: wait for `onDrain`. */
  write(bytes: Buffer): boolean;
  onDrain(resume: () => void): void;
  end(): void;
}

/** Who gave the answer, for the response headers. */
export interface Served {
  readonly member: Member;
  readonly poolIndex: number;
  readonly attempts: number;
  readonly headers: UpstreamHeaders;
}

/** A whole answer, or an upstream's refusal that is the caller's to see. */
export interface Reply {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly bytes: Buffer;
}

export type ExchangeEnd =
  | { readonly kind: 'answered'; readonly reply: Reply; readonly served: Served }
  | { readonly kind: 'streamed'; readonly served: Served }
  /** Broke after its first byte; the client has been told inside the stream. */
  | { readonly kind: 'broken'; readonly served: Served; readonly error: GatewayError }
  /** Nothing has been sent; `served` is the last target asked, if any. */
  | { readonly kind: 'refused'; readonly error: GatewayError; readonly served: Served | undefined }
  | { readonly kind: 'cancelled' };

export type AttemptCause =
  | 'first'
  | 'sibling'
  | 'next-pool'
  | 'another-pass'
  | 'resume'
  /** Beside an attempt whose first token is late. */
  | 'hedge'
  /** Nobody was available, so one was asked whose health alone spoke against it. */
  | 'panic';

export interface AttemptReport {
  readonly member: Member;
  readonly poolIndex: number;
  readonly cause: AttemptCause;
  readonly candidates: readonly CandidateView[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** First content of a stream, head of a whole answer; undefined when it never came. */
  readonly firstTokenAtMs: number | undefined;
  readonly status: number | undefined;
  readonly outcome: Outcome;
}

/** What the picker saw of one candidate. */
export interface CandidateView {
  readonly id: string;
  readonly state: string;
  readonly load: number;
  /** Until it may be asked again, as far as is known; 0 when it may be asked now. */
  readonly freeInMs: number;
}

export interface ExchangeReport {
  readonly end: ExchangeEnd;
  /** In the order in which they ended, so that the last one is whose answer the client has. */
  readonly attempts: readonly AttemptReport[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** When the client could see the first content. */
  readonly firstTokenAtMs: number | undefined;
  /** Of all attempts together; undefined when no upstream said. */
  readonly usage: Usage | undefined;
  /** Time spent waiting by choice (backoff), in milliseconds. */
  readonly waitedMs: number;
  /** Longest silence between two chunks of the stream, in milliseconds. */
  readonly maxGapMs: number;
}
