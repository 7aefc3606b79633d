/** What the load generator's process is asked to do, and what it answers. */
import type { ClosedLoop, ClosedLoopResult } from './closed-loop.ts';
import type { OpenLoop, OpenLoopResult } from './open-loop.ts';
import type { Recipe } from './request.ts';
import type { Streams, StreamsResult } from './streams.ts';

/** Every request ends in one of these; `sent` must equal what the upstream counted. */
export interface Tally {
  sent: number;
  answered: number;
  /** Answered, but not with the status and body it should have been. */
  wrong: number;
  broken: number;
}

export type LoadTask =
  | { kind: 'first-answer'; recipe: Recipe }
  | ({ kind: 'closed-loop' } & ClosedLoop)
  | ({ kind: 'open-loop' } & OpenLoop)
  | ({ kind: 'streams' } & Streams);

export interface FirstAnswer {
  /** Whether the upstream's bytes came through unchanged. */
  untouched: boolean;
}

export type LoadResult = FirstAnswer | ClosedLoopResult | OpenLoopResult | StreamsResult;
