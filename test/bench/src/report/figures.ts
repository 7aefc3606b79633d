/** Reads figures out of a record: medians over rounds, and pairs within rounds. */
import type { Figure, MeasureId } from '../sample.ts';
import { type ByRound, pairedDifferences, pairedRatios, type Spread, spread } from '../stats.ts';
import type { SubjectName } from '../subjects/subject.ts';
import type { BenchRecord } from './record.ts';

/** The share of its core from which a subject is at its limit; the rest is the start and the end of a measure. */
const SATURATED = 0.97;

export class Figures {
  readonly #record: BenchRecord;
  /** What the others are divided by: Leeward, or the first reference when it took no part. */
  readonly baseline: SubjectName | undefined;

  constructor(record: BenchRecord) {
    this.#record = record;
    const names = record.participants.map(({ name }) => name).filter((name) => name !== 'direct');
    this.baseline = names.includes('leeward') ? 'leeward' : names[0];
  }

  /** Failed samples are left out: their figures mean nothing. */
  byRound(subject: SubjectName, measure: MeasureId, figure: Figure): ByRound {
    const values = new Map<number, number>();
    for (const sample of this.#record.samples) {
      const value = sample.figures[figure];
      if (sample.subject !== subject || sample.measure !== measure || sample.trouble.length > 0) continue;
      if (value !== undefined) values.set(sample.round, value);
    }
    return values;
  }

  of(subject: SubjectName, measure: MeasureId, figure: Figure): Spread | undefined {
    return summary([...this.byRound(subject, measure, figure).values()]);
  }

  /** Over the direct way in the same round. */
  added(subject: SubjectName, measure: MeasureId, figure: Figure): Spread | undefined {
    if (subject === 'direct') return undefined;
    const own = this.byRound(subject, measure, figure);
    return summary(pairedDifferences(own, this.byRound('direct', measure, figure)));
  }

  /** Over the baseline in the same round. */
  ratio(subject: SubjectName, measure: MeasureId, figure: Figure): Spread | undefined {
    if (this.baseline === undefined || subject === 'direct' || subject === this.baseline) return undefined;
    const own = this.byRound(subject, measure, figure);
    return summary(pairedRatios(own, this.byRound(this.baseline, measure, figure)));
  }

  /** Whether a rate is less than the subject could do: it did not use its core up, for want of load or for others on it. */
  isLowerBound(subject: SubjectName, measure: MeasureId): boolean {
    const busy = this.of(subject, measure, 'subjectBusy');
    return subject !== 'direct' && busy !== undefined && busy.median < SATURATED;
  }
}

function summary(values: number[]): Spread | undefined {
  return values.length === 0 ? undefined : spread(values);
}
