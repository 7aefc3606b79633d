/**
 * Two measures ask for a rate, whether a subject can give it or not. One that falls a little short gets through late,
 * and its latencies say so. One that would need several cores would still owe much at the measure's end, and what it
 * owes would reach the upstream in the next subject's turn: it is not put through, and named in the report instead.
 */
import { OPEN_LOOP_RATE, STREAM_SPREAD_MS, STREAMS } from './plan.ts';
import type { MeasureId } from './sample.ts';

/** What twice a core's work leaves over at a measure's end is done within the time that the load waits for it. */
const MOST_CORES = 2;

/** A stream with its chunks costs many times what a small request does; twice, whoever the subject. */
const REQUESTS_PER_STREAM = 2;

/** Small requests a second, or their like, that a measure asks for; none where the subject sets the pace. */
function demanded(measure: MeasureId): number {
  switch (measure) {
    case 'open-loop':
      return OPEN_LOOP_RATE;
    case 'streams':
      return (REQUESTS_PER_STREAM * STREAMS * 1000) / STREAM_SPREAD_MS;
    case 'small':
    case 'body-1KiB':
    case 'body-64KiB':
    case 'body-1MiB':
    case 'memory':
      return 0;
  }
}

/** Told from the CPU of a small request rather than from a rate, which other work on the core lowers. */
export function isBeyond(measure: MeasureId, cpuMicros: number): boolean {
  return demanded(measure) * cpuMicros > MOST_CORES * 1_000_000;
}
