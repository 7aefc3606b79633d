/** One measure of one subject in one round: the figures, and whether they may be believed. */
import type { UpstreamCounts } from './upstream.ts';
import type { Tally } from './load/tally.ts';
import type { SubjectName } from './subjects/subject.ts';

export type MeasureId = 'small' | 'open-loop' | 'streams' | 'body-1KiB' | 'body-64KiB' | 'body-1MiB' | 'memory';

/** Every figure there is. Absent in a sample: not taken in that measure. */
export type Figure =
  | 'cpuMicros' // of the subject, per request
  | 'cpuMicrosPerChunk'
  | 'requestsPerSecond'
  | 'p50Ms'
  | 'p99Ms'
  | 'lateP99Ms'
  | 'firstTokenP50Ms'
  | 'firstTokenP99Ms'
  | 'transitP50Ms'
  | 'transitP99Ms'
  | 'stalls'
  | 'worstStallMs'
  | 'warmMiB'
  | 'peakMiB'
  | 'subjectBusy' // shares of one core, 0 to 1
  | 'loadBusy'
  | 'foreignBusy'; // of either core, the greater share used by what is none of ours

export interface Sample {
  round: number;
  subject: SubjectName;
  measure: MeasureId;
  figures: Partial<Record<Figure, number>>;
  /** Empty when every request was answered rightly and seen once upstream. */
  trouble: string[];
}

/** Past this share of a core used by strangers, a figure may be theirs. Less is within the kernel's own sampling noise. */
const FOREIGN_LIMIT = 0.1;

export function isDisturbed(sample: Sample): boolean {
  return (sample.figures.foreignBusy ?? 0) > FOREIGN_LIMIT;
}

/** Of two takes. A failed take is kept before any good one: a fault is never measured away. */
export function lessDisturbed(first: Sample, second: Sample): Sample {
  if (first.trouble.length > 0) return first;
  if (second.trouble.length > 0) return second;
  return (second.figures.foreignBusy ?? 0) < (first.figures.foreignBusy ?? 0) ? second : first;
}

/** What does not add up; a sample with any of it is shown as failed. */
export function findTrouble(tally: Tally, upstream: UpstreamCounts): string[] {
  const { sent, answered, wrong, broken } = tally;
  const trouble: string[] = [];
  if (answered !== sent) trouble.push(`${sent - answered} of ${sent} requests were not answered`);
  if (wrong > 0) trouble.push(`${wrong} of ${answered} answers were wrong`);
  if (broken > 0) trouble.push(`${broken} connections broke`);
  if (upstream.requests !== sent) trouble.push(`${sent} requests were sent, the upstream saw ${upstream.requests}`);
  if (upstream.unauthorised > 0) trouble.push(`${upstream.unauthorised} requests came without the upstream's key`);
  if (upstream.short > 0) trouble.push(`${upstream.short} bodies arrived short`);
  return trouble;
}
