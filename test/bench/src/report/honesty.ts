/** What a reader must know before believing the tables: the harness's judgement of itself. */
import { PICK_LIMIT_MICROS, PICK_TARGETS, WORKERS_PROMISE } from '../plan.ts';
import { isDisturbed, type MeasureId } from '../sample.ts';
import type { Figures } from './figures.ts';
import { type BenchRecord, troubles } from './record.ts';

/** A generator later than this at p99 shows in the p99 it reports. */
const LATE_LIMIT_MS = 1;

const SATURATIONS: readonly MeasureId[] = ['small', 'body-1KiB', 'body-64KiB', 'body-1MiB'];

export function honesty(record: BenchRecord, figures: Figures): string[] {
  return [
    ...slowPicks(record),
    ...smallGain(record),
    // Of picks alone there is nothing that these could speak of.
    ...(record.participants.length === 0 && record.samples.length === 0 ? [] : ofSubjects(record, figures)),
    ...(record.plan.quick ? ['A quick run: a look, not figures to publish.'] : []),
  ];
}

function slowPicks(record: BenchRecord): string[] {
  const most = Math.max(...PICK_TARGETS);
  return record.picks
    .filter(({ targets, medianMicros }) => targets === most && medianMicros >= PICK_LIMIT_MICROS)
    .map(
      ({ targets }) => `A pick among ${targets} targets took more than the ${PICK_LIMIT_MICROS} µs it is promised in.`,
    );
}

function smallGain({ plan, workers }: BenchRecord): string[] {
  if (!plan.measures.includes('workers')) return [];
  if (workers === undefined) return ['What workers gain cannot be told: other work disturbed every pair.'];
  if (workers.gain.median >= WORKERS_PROMISE) return [];
  return [`A second worker gained less than the ${WORKERS_PROMISE} times it is promised to.`];
}

function ofSubjects(record: BenchRecord, figures: Figures): string[] {
  return [
    ...answers(record),
    ...ceiling(record, figures),
    ...strangers(record),
    ...lateness(record, figures),
    ...spared(record),
    ...record.absent.map(({ name, reason }) => `Not measured: ${name}: ${reason}`),
  ];
}

function answers(record: BenchRecord): string[] {
  const trouble = troubles(record);
  const rewritten = record.participants.filter(({ untouched }) => !untouched).map(({ label }) => label);
  return [
    trouble.length === 0
      ? 'Every answer was checked: status, body and, in streams, each chunk in order to the end; the upstream saw each request exactly once, with its own key.'
      : `${trouble.length} samples do not add up and are left out of the tables.`,
    ...trouble.slice(0, 20),
    ...(rewritten.length === 0
      ? []
      : [`Answers rewritten (checked for text and usage, then for sameness): ${rewritten.join(', ')}.`]),
    ...(record.participants.some(({ name }) => name === 'leeward')
      ? [`Trace exports taken by the sink: ${record.otlpExports}.`]
      : []),
  ];
}

function ceiling(record: BenchRecord, figures: Figures): string[] {
  const bound = SATURATIONS.flatMap((measure) => {
    const labels = record.participants
      .filter(({ name }) => figures.isLowerBound(name, measure))
      .map(({ label }) => label);
    return labels.length === 0 ? [] : [`${measure}: ${labels.join(', ')}`];
  });
  const lines =
    bound.length === 0
      ? []
      : [
          `Rates marked ≥ are lower bounds: the subject did not get to use its whole core, for want of load or for other work on it (${bound.join('; ')}): read the CPU per request there.`,
        ];
  const top = figures.of('direct', 'small', 'requestsPerSecond')?.median;
  if (top === undefined) return lines;
  const ratios = record.participants.flatMap(({ name, label }) => {
    const own = name === 'direct' ? undefined : figures.of(name, 'small', 'requestsPerSecond')?.median;
    return own === undefined ? [] : [`${label} ${(top / own).toFixed(1)}`];
  });
  return [`The upstream alone answered at this multiple of each subject's rate: ${ratios.join(', ')}.`, ...lines];
}

function strangers(record: BenchRecord): string[] {
  const timed = record.samples.filter(({ figures }) => figures.foreignBusy !== undefined);
  const disturbed = timed.filter(isDisturbed).length;
  const again = `${record.repeats} were taken again`;
  if (disturbed === 0) return [`No sample was disturbed by other work on the two cores (${again} because they were).`];
  return [`Other work, on one of the two cores, disturbed ${disturbed} of ${timed.length} samples (${again}).`];
}

function lateness(record: BenchRecord, figures: Figures): string[] {
  const late = record.participants.filter(
    ({ name }) => (figures.of(name, 'open-loop', 'lateP99Ms')?.median ?? 0) > LATE_LIMIT_MS,
  );
  if (late.length === 0) return [];
  const labels = late.map(({ label }) => label).join(', ');
  return [`The generator itself was more than ${LATE_LIMIT_MS} ms late at p99 with ${labels}: that is in their p99.`];
}

function spared(record: BenchRecord): string[] {
  return record.participants.flatMap(({ name, label }) => {
    const own = record.spared.filter((one) => one.name === name);
    const [first] = own;
    if (first === undefined) return [];
    const measures = own.map(({ measure }) => measure).join(' and ');
    const cpuMillis = (first.cpuMicros / 1000).toFixed(1);
    return [
      `Spared ${measures}: ${label}, whose small requests take ${cpuMillis} ms of CPU, far more than its core has at that rate.`,
    ];
  });
}
