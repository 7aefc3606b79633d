/**
 * The order of things: every subject started and warmed up, then rounds. Within a round each measure visits all
 * subjects in turn before the next measure begins (A B C D E, A B C D E, ...): what is compared was measured seconds
 * apart, and a slow minute of the machine falls on all alike.
 */
import { Bench, type Mounted } from './bench.ts';
import { allowedCores, findLedger } from './cpu.ts';
import { isBeyond } from './demand.ts';
import type { PickFigures } from './pick/measure-pick.ts';
import { measurePicks } from './pick/picks.ts';
import { BODIES, type MeasureName, type Plan } from './plan.ts';
import type { Processes } from './processes.ts';
import { type Figure, isDisturbed, lessDisturbed, type MeasureId, type Sample } from './sample.ts';
import { SUBJECTS } from './subjects/index.ts';
import type { SubjectName } from './subjects/subject.ts';
import { measureGain, type WorkersGain } from './workers/measure-gain.ts';

export interface Participant {
  name: SubjectName;
  label: string;
  version: string;
  untouched: boolean;
}

/** Of what visits all subjects in turn. */
interface OfSubjects {
  participants: Participant[];
  /** Asked for, but not there; with the reason. */
  absent: { name: SubjectName; reason: string; fault: boolean }[];
  samples: Sample[];
  /** Measures that ask for more than a subject can give, with the CPU that its small request takes. */
  spared: { name: SubjectName; measure: MeasureId; cpuMicros: number }[];
  /** Samples taken again because other work disturbed them. */
  repeats: number;
}

export interface Outcome extends OfSubjects {
  ledger: string;
  cores: { subject: number; load: number };
  otlpExports: number;
  /** What a pick costs, by the size of the pool. */
  picks: PickFigures[];
  /** What a second worker process gains; not there when it was not asked, or could not be told. */
  workers?: WorkersGain | undefined;
}

interface Deps {
  processes: Processes;
  dir: string;
  say: (line: string) => void;
}

const NO_SUBJECTS: OfSubjects = { participants: [], absent: [], samples: [], spared: [], repeats: 0 };

/**
 * A disturbed sample is taken again, twice at the most, and the least disturbed kept. The choice looks only at what
 * strangers used of the cores, never at the figures. Bounded over the run, so that a busy machine cannot stretch it
 * without end: 20 repeats are about a minute.
 */
const REPEATS_PER_SAMPLE = 2;
const REPEATS_PER_RUN = 20;

type Step = { measure: MeasureId; run: (mounted: Mounted, round: number) => Promise<Sample> };

function steps(bench: Bench, plan: Plan): Step[] {
  const wanted = new Set(plan.measures);
  const all: Step[] = [];
  if (wanted.has('small')) {
    all.push({ measure: 'small', run: (m, round) => bench.small(m, { round, durationMs: plan.smallMs }) });
  }
  if (wanted.has('open-loop')) {
    all.push({ measure: 'open-loop', run: (m, round) => bench.openLoop(m, { round, durationMs: plan.openLoopMs }) });
  }
  if (wanted.has('streams')) {
    all.push({ measure: 'streams', run: (m, round) => bench.streams(m, { round, shape: plan.streamShape }) });
  }
  if (wanted.has('bodies')) {
    for (const body of BODIES) {
      all.push({
        measure: body.name,
        run: (m, round) => bench.body(m, { round, durationMs: plan.bodyMs, body }),
      });
    }
  }
  return all;
}

export async function run(plan: Plan, deps: Deps): Promise<Outcome> {
  const has = (measure: MeasureName): boolean => plan.measures.includes(measure);
  const picks = has('pick') ? await measurePicks(deps, coreOfSubjects()) : [];
  if (plan.measures.every((measure) => measure === 'pick')) return picksAlone(picks);
  const bench = await Bench.start(deps.processes, deps.dir);
  const ofSubjects = plan.measures.every((measure) => measure === 'pick' || measure === 'workers')
    ? NO_SUBJECTS
    : await measureSubjects(bench, plan, deps);
  // Last, because the workers of an idle node still speak to each other.
  const workers = has('workers') ? await measureGain(bench, plan, deps.say) : undefined;
  const cores = { subject: bench.subjectCore, load: bench.loadCore };
  return { ...ofSubjects, picks, workers, ledger: bench.ledger, cores, otlpExports: bench.otlpExports };
}

async function measureSubjects(bench: Bench, plan: Plan, { say }: Deps): Promise<OfSubjects> {
  const { mounted, participants, absent, warm } = await mountAll(bench, plan, say);
  const samples: Sample[] = [];
  const spared = mounted.flatMap(({ subject: { name } }) => {
    const cpuMicros = warm.get(name)?.cpuMicros ?? 0;
    const beyond = steps(bench, plan).filter(({ measure }) => isBeyond(measure, cpuMicros));
    return beyond.map(({ measure }) => ({ name, measure, cpuMicros }));
  });
  let repeats = 0;
  for (let round = 1; round <= plan.rounds; round++) {
    for (const step of steps(bench, plan)) {
      say(`round ${round} of ${plan.rounds}: ${step.measure}`);
      for (const subject of mounted) {
        if (spared.some(({ name, measure }) => name === subject.subject.name && measure === step.measure)) continue;
        let sample = await attempt(step, subject, round);
        for (let n = 0; isDisturbed(sample) && n < REPEATS_PER_SAMPLE && repeats < REPEATS_PER_RUN; n++) {
          repeats += 1;
          sample = lessDisturbed(sample, await attempt(step, subject, round));
        }
        samples.push(sample);
      }
    }
  }
  if (plan.measures.includes('memory')) {
    for (const subject of mounted) {
      const { name } = subject.subject;
      const figures: Partial<Record<Figure, number>> = { peakMiB: bench.resident(subject).peakMiB };
      const warmMiB = warm.get(name)?.residentMiB;
      if (warmMiB !== undefined) figures.warmMiB = warmMiB;
      samples.push({ round: 1, subject: name, measure: 'memory', figures, trouble: [] });
    }
  }
  return { participants, absent, samples, spared, repeats };
}

/** As the bench chooses it, before the orchestrator is pinned. */
function coreOfSubjects(): number {
  const [core] = allowedCores();
  if (core === undefined) throw new Error('no core to run on');
  return core;
}

function picksAlone(picks: PickFigures[]): Outcome {
  const core = coreOfSubjects();
  const cores = { subject: core, load: core };
  return { ...NO_SUBJECTS, picks, ledger: findLedger(), cores, otlpExports: 0 };
}

async function mountAll(bench: Bench, plan: Plan, say: (line: string) => void) {
  const mounted: Mounted[] = [];
  const participants: Participant[] = [];
  const absent: Outcome['absent'] = [];
  const warm = new Map<SubjectName, { residentMiB: number; cpuMicros: number }>();
  for (const subject of SUBJECTS.filter(({ name }) => plan.only.includes(name))) {
    const { name, label } = subject;
    const prepared = subject.prepare();
    if (!prepared.ready) {
      say(`without ${label}: ${prepared.missing}`);
      absent.push({ name, reason: prepared.missing, fault: false });
      continue;
    }
    try {
      say(`starting and warming up ${label}`);
      const one = await bench.mount(subject);
      const { cpuMicros } = await bench.warmUp(one, {
        durationMs: plan.warmUpMs,
        bodies: plan.measures.includes('bodies'),
        streams: plan.measures.includes('streams'),
      });
      warm.set(name, { residentMiB: bench.resident(one).nowMiB, cpuMicros });
      mounted.push(one);
      participants.push({ name, label, version: prepared.version, untouched: one.untouched });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say(`without ${label}, which failed: ${reason}`);
      absent.push({ name, reason, fault: true });
    }
  }
  return { mounted, participants, absent, warm };
}

/** A subject that fails one measure is shown as failed there; the others go on. */
async function attempt(step: Step, mounted: Mounted, round: number): Promise<Sample> {
  try {
    return await step.run(mounted, round);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { round, subject: mounted.subject.name, measure: step.measure, figures: {}, trouble: [reason] };
  }
}
