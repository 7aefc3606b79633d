/** What the load generator's process is asked to do, and what it answers. */
import type { ClosedLoop, ClosedLoopResult } from './closed-loop.ts';
import type { OpenLoop, OpenLoopResult } from './open-loop.ts';
import type { Recipe } from './request.ts';
import type { Streams, StreamsResult } from './streams.ts';

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
