/**
 * What a second worker process gains. A node of one process and a node of two workers take turns: the process, and one of
 * the workers, has the subjects' core to itself, while the other worker is kept as busy as the load's core allows. If a
 * request costs c in the one process and d in the worker, two workers with a core each answer 2c/d times as many.
 *
 * So the load generator and the upstream take nothing away from what is compared, on a machine of two cores. What the
 * primary uses for a request is added to the worker's.
 */
import type { Bench, Mounted } from '../bench.ts';
import { processTree } from '../cpu.ts';
import type { Plan } from '../plan.ts';
import { pin } from '../processes.ts';
import { isDisturbed, type Sample } from '../sample.ts';
import { median, percentile, type Quartiles } from '../stats.ts';
import { leewardOf } from '../subjects/leeward.ts';

export const WORKERS = 2;

export interface WorkersGain {
  /** Times the rate of one process, from pairs measured within two seconds of each other. */
  gain: Quartiles;
  oneMicros: number;
  workerMicros: number;
  /** Those that count; the others were disturbed by other work, or failed. */
  pairs: number;
  dropped: number;
  /** As sentences. */
  trouble: string[];
}

/** Whoever is measured first is not always the same: what drifts in between falls on both. */
export async function measureGain(
  bench: Bench,
  plan: Plan,
  say: (line: string) => void,
): Promise<WorkersGain | undefined> {
  const one = await warm(bench, plan, 1, say);
  const several = await warm(bench, plan, WORKERS, say);
  const alone = spread(several.running.pid, bench);
  const pairs: [Sample, Sample][] = [];
  say(`what ${WORKERS} workers gain: ${plan.workerPairs} pairs`);
  for (let round = 1; round <= plan.workerPairs; round++) {
    const options = { round, durationMs: plan.workerMs };
    const ofOne = () => bench.small(one, options);
    const ofWorker = () => bench.worker(several, { ...options, alone });
    if (round % 2 === 0) {
      const second = await ofWorker();
      pairs.push([await ofOne(), second]);
    } else pairs.push([await ofOne(), await ofWorker()]);
  }
  return gainOf(pairs);
}

/** Undefined when no pair counts. */
export function gainOf(pairs: readonly (readonly [one: Sample, worker: Sample])[]): WorkersGain | undefined {
  const counted = pairs.filter((pair) => !pair.some((sample) => isDisturbed(sample) || sample.trouble.length > 0));
  if (counted.length === 0) return undefined;
  const micros = counted.map(([one, worker]) => [cpu(one), cpu(worker)] as const);
  const gains = micros.map(([one, worker]) => (WORKERS * one) / worker);
  return {
    gain: { median: median(gains), lower: percentile(gains, 0.25), upper: percentile(gains, 0.75) },
    oneMicros: median(micros.map(([one]) => one)),
    workerMicros: median(micros.map(([, worker]) => worker)),
    pairs: counted.length,
    dropped: pairs.length - counted.length,
    trouble: pairs.flatMap(([one, worker]) => [
      ...one.trouble.map((what) => `one process: ${what}`),
      ...worker.trouble.map((what) => `${WORKERS} workers: ${what}`),
    ]),
  };
}

function cpu(sample: Sample): number {
  return sample.figures.cpuMicros ?? Number.NaN;
}

/** One worker alone on the subjects' core, all else of the node on the load's. Answers its process. */
function spread(primary: number, bench: Bench): number {
  const [, alone, ...others] = processTree(primary);
  if (alone === undefined || others.length !== WORKERS - 1) throw new Error(`the node has not ${WORKERS} workers`);
  for (const pid of [primary, ...others]) pin(pid, bench.loadCore);
  return alone;
}

async function warm(bench: Bench, plan: Plan, workers: number, say: (line: string) => void): Promise<Mounted> {
  say(`starting and warming up Leeward with ${workers === 1 ? 'one process' : `${workers} workers`}`);
  const mounted = await bench.mount(leewardOf(workers));
  // Each process compiles for itself, from half of the requests.
  const durationMs = plan.workerWarmUpMs * workers;
  await bench.warmUp(mounted, { durationMs, bodies: false, streams: false });
  return mounted;
}
