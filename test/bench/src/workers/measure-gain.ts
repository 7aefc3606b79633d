/**
 * What a second worker process gains: a node of one process and a node of two workers, each with all its processes on
 * the subjects' one core, take turns under the same load. If a request costs c there with one process and d with two,
 * two workers with a core each answer 2c/d times as many.
 *
 * That is a lower bound. Two processes that share a core also share its caches, wait for each other and find less to
 * do at each turn of their event loops; on two cores they do not. In return nothing is taken away for what the load
 * generator and the upstream use: they have the other core to themselves, in both cases.
 */
import type { Bench, Mounted } from '../bench.ts';
import type { Plan } from '../plan.ts';
import { isDisturbed, type Sample } from '../sample.ts';
import { median, percentile, type Quartiles } from '../stats.ts';
import { leewardOf } from '../subjects/leeward.ts';

export const WORKERS = 2;

export interface WorkersGain {
  /** Times the rate of one process, from pairs measured within two seconds of each other. */
  gain: Quartiles;
  oneMicros: number;
  severalMicros: number;
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
  const pairs: [Sample, Sample][] = [];
  say(`what ${WORKERS} workers gain: ${plan.workerPairs} pairs`);
  for (let round = 1; round <= plan.workerPairs; round++) {
    const take = (mounted: Mounted): Promise<Sample> => bench.small(mounted, { round, durationMs: plan.workerMs });
    if (round % 2 === 0) {
      const second = await take(several);
      pairs.push([await take(one), second]);
    } else pairs.push([await take(one), await take(several)]);
  }
  return gainOf(pairs);
}

/** Undefined when no pair counts. */
export function gainOf(pairs: readonly (readonly [one: Sample, several: Sample])[]): WorkersGain | undefined {
  const counted = pairs.filter((pair) => !pair.some((sample) => isDisturbed(sample) || sample.trouble.length > 0));
  if (counted.length === 0) return undefined;
  const micros = counted.map(([one, several]) => [cpu(one), cpu(several)] as const);
  const gains = micros.map(([one, several]) => (WORKERS * one) / several);
  return {
    gain: { median: median(gains), lower: percentile(gains, 0.25), upper: percentile(gains, 0.75) },
    oneMicros: median(micros.map(([one]) => one)),
    severalMicros: median(micros.map(([, several]) => several)),
    pairs: counted.length,
    dropped: pairs.length - counted.length,
    trouble: pairs.flatMap(([one, several]) => [
      ...one.trouble.map((what) => `one process: ${what}`),
      ...several.trouble.map((what) => `${WORKERS} workers: ${what}`),
    ]),
  };
}

function cpu(sample: Sample): number {
  return sample.figures.cpuMicros ?? Number.NaN;
}

async function warm(bench: Bench, plan: Plan, workers: number, say: (line: string) => void): Promise<Mounted> {
  say(`starting and warming up Leeward with ${workers === 1 ? 'one process' : `${workers} workers`}`);
  const mounted = await bench.mount(leewardOf(workers));
  // Each process compiles for itself, from half of the requests.
  const durationMs = plan.workerWarmUpMs * workers;
  await bench.warmUp(mounted, { durationMs, bodies: false, streams: false });
  return mounted;
}
