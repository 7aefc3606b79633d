import { describe, expect, test } from 'vitest';
import { readPlan } from '../plan.ts';
import type { Sample } from '../sample.ts';
import { markdownReport, withResults } from './docs.ts';
import { Figures } from './figures.ts';
import { type BenchRecord, isPublishable } from './record.ts';
import { svg } from './svg.ts';
import { textReport } from './text.ts';

function small(round: number, subject: Sample['subject'], cpuMicros: number, subjectBusy = 1): Sample {
  const figures = { cpuMicros, requestsPerSecond: 1e6 / cpuMicros, subjectBusy, loadBusy: 0.5, foreignBusy: 0 };
  return { round, subject, measure: 'small', figures, trouble: [] };
}

const workers = {
  gain: { median: 1.8, lower: 1.7, upper: 1.9 },
  oneMicros: 50,
  workerMicros: 56,
  pairs: 4,
  dropped: 0,
  trouble: [],
};

function recordOf(samples: Sample[]): BenchRecord {
  return {
    at: '2026-10-01T12:00:00.000Z',
    tookSeconds: 1,
    machine: { processor: 'P', cores: 2, kernel: '6', node: 'v26' },
    plan: readPlan([]),
    participants: [
      { name: 'direct', label: 'upstream direct', version: 'v26', untouched: true },
      { name: 'nginx', label: 'nginx', version: '1.2.3', untouched: true },
      { name: 'haproxy', label: 'haproxy', version: '1.2.3', untouched: true },
      { name: 'portkey', label: 'Portkey gateway', version: '1.2.3', untouched: false },
      { name: 'litellm', label: 'LiteLLM proxy', version: '1.2.3', untouched: false },
      { name: 'smg', label: 'SMG', version: '1.2.3', untouched: true },
      { name: 'leeward', label: 'Leeward', version: '0.1.0', untouched: true },
    ],
    absent: [],
    samples,
    spared: [],
    ledger: 'schedstat',
    cores: { subject: 0, load: 1 },
    otlpExports: 3,
    picks: [],
    workers,
    repeats: 0,
  };
}

const record = recordOf([
  small(1, 'direct', 10),
  small(1, 'nginx', 20, 0.9),
  small(1, 'leeward', 40),
  small(2, 'direct', 20),
  small(2, 'nginx', 40, 0.9),
  small(2, 'leeward', 80),
  small(3, 'nginx', 1000, 0.9),
]);

describe('the report', () => {
  test('divides by Leeward within a round, not by its median over all', () => {
    const ratio = new Figures(record).ratio('nginx', 'small', 'cpuMicros');
    expect(ratio).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  });

  test('takes what is added from the direct way of the same round', () => {
    expect(new Figures(record).added('leeward', 'small', 'cpuMicros')).toEqual({ median: 45, min: 30, max: 60 });
  });

  test('marks a rate at which the subject had time left as a lower bound', () => {
    const text = textReport(record);
    expect(text).toMatch(/nginx .*≥ 25,000/);
    expect(text).toMatch(/Leeward .* 18,750/);
    expect(text).not.toMatch(/Leeward .*≥/);
  });

  test('leaves failed samples out of the figures and names them', () => {
    const failed = { ...small(4, 'leeward', 1), trouble: ['2 of 9 answers were wrong'] };
    const spoiled = recordOf([...record.samples, failed]);
    expect(new Figures(spoiled).of('leeward', 'small', 'cpuMicros')?.min).toBe(40);
    expect(textReport(spoiled)).toContain('leeward, small, round 4: 2 of 9 answers were wrong');
    expect(isPublishable(spoiled)).toBe(false);
  });

  test('says which measures asked for more than a subject can give', () => {
    const spared = (['open-loop', 'streams'] as const).map((measure) => {
      return { name: 'litellm' as const, measure, cpuMicros: 3456 };
    });
    expect(textReport({ ...record, spared })).toContain(
      'Spared open-loop and streams: LiteLLM proxy, whose small requests take 3.5 ms',
    );
    expect(isPublishable({ ...record, spared })).toBe(true);
  });

  test('is published only from a full run with everyone there', () => {
    expect(isPublishable(record)).toBe(true);
    expect(isPublishable({ ...record, plan: readPlan(['--quick']) })).toBe(false);
    expect(isPublishable({ ...record, plan: readPlan(['--measure', 'small']) })).toBe(false);
    const withoutLeeward = record.participants.filter(({ name }) => name !== 'leeward');
    expect(isPublishable({ ...record, participants: withoutLeeward })).toBe(false);
  });

  test('shows what a pick costs, and says when the promise is not kept', () => {
    const pick = { p99Micros: 3, keptBytes: 0.004 };
    const kept = { ...record, picks: [{ ...pick, targets: 64, medianMicros: 0.456 }] };
    expect(textReport(kept)).toMatch(/^64 +0\.46 +3\.00 +0\.00$/m);
    expect(textReport(kept)).not.toContain('A pick among 64');
    const broken = { ...record, picks: [{ ...pick, targets: 64, medianMicros: 2.5 }] };
    expect(textReport(broken)).toContain('A pick among 64 targets took more than the 2 µs it is promised in.');
  });

  test('shows what a second worker gains, and says when the promise is not kept', () => {
    expect(textReport(record)).toMatch(/^1\.80 +1\.70 to 1\.90 +50\.0 +56\.0 +4 +0$/m);
    expect(textReport(record)).not.toContain('second worker gained less');
    const little = { ...workers, gain: { median: 1.65, lower: 1.6, upper: 1.9 } };
    expect(textReport({ ...record, workers: little })).toContain('A second worker gained less than the 1.7 times');
  });

  test('is not published when the workers could not be told, or failed', () => {
    expect(isPublishable({ ...record, workers: undefined })).toBe(false);
    expect(textReport({ ...record, workers: undefined })).toContain('What workers gain cannot be told');
    const failed = { ...workers, trouble: ['2 workers: 1 connections broke'] };
    expect(isPublishable({ ...record, workers: failed })).toBe(false);
  });

  test('of picks alone speaks of no subjects', () => {
    const picks = [{ targets: 4, medianMicros: 0.1, p99Micros: 0.2, keptBytes: 0 }];
    const text = textReport({
      ...recordOf([]),
      plan: readPlan(['--measure', 'pick']),
      participants: [],
      picks,
      workers: undefined,
    });
    expect(text).toMatch(/^4 +0\.10 +0\.20 +0\.00$/m);
    expect(text).not.toMatch(/subject|answer|sample/);
  });

  test('draws one bar per subject and panel', () => {
    expect(svg(record, new Figures(record)).match(/<rect x/g)).toHaveLength(4);
  });
});

describe('withResults', () => {
  test('replaces only what stands between the markers, any number of times', () => {
    const page = 'before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n';
    const once = withResults(page, 'new');
    expect(once).toBe('before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter\n');
    expect(withResults(once, 'new')).toBe(once);
  });

  test('refuses a page without markers', () => {
    expect(() => withResults('nothing here', markdownReport(record))).toThrow('has no block');
  });
});
