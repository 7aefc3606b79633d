/** The record of one run, as it is kept in out/bench.json and as every view of it is made from. */
import { MEASURE_NAMES, type Plan } from '../plan.ts';
import type { Outcome } from '../run.ts';
import { SUBJECT_NAMES } from '../subjects/subject.ts';

export interface BenchRecord extends Outcome {
  at: string;
  tookSeconds: number;
  machine: { processor: string; cores: number; kernel: string; node: string };
  plan: Plan;
}

/** Samples of which something did not add up, as sentences. */
export function troubles(record: BenchRecord): string[] {
  const failed = record.samples.flatMap(({ round, subject, measure, trouble }) =>
    trouble.map((what) => `${subject}, ${measure}, round ${round}: ${what}`),
  );
  const absent = record.absent.filter(({ fault }) => fault).map(({ name, reason }) => `${name} failed: ${reason}`);
  return [...absent, ...failed, ...ofWorkers(record)];
}

function ofWorkers({ plan, workers }: BenchRecord): string[] {
  if (!plan.measures.includes('workers')) return [];
  return workers?.trouble ?? ['workers: no pair was without disturbance'];
}

/** The fewest whose median no single disturbed round can move. The page says how many there were. */
const LEAST_ROUNDS = 5;

/** Whether its figures may be published: a whole run of all subjects in which everything added up. */
export function isPublishable(record: BenchRecord): boolean {
  const { quick, rounds, measures } = record.plan;
  const everyone = SUBJECT_NAMES.every((name) => record.participants.some((one) => one.name === name));
  const whole = !quick && rounds >= LEAST_ROUNDS && measures.length === MEASURE_NAMES.length && everyone;
  return whole && troubles(record).length === 0;
}
