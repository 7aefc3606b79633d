/** All jobs of a plan over the machine's cores. Results do not depend on how many there are, or on who is first. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Plan } from './plan.ts';
import type { Job, SeedResult } from './run-seed.ts';
import { STORMS } from './storms/catalogue.ts';

/** Most of what an exchange makes is garbage when it ends: with more room for the young, it is collected in one go. */
const YOUNG_MB = 256;

/** Often enough to see that it goes on. */
const SAID_EACH = 20;

interface Done {
  readonly job: Job;
  readonly result: SeedResult;
}

/** Per storm, the result of each seed, seeds in order. */
export async function runAll(
  plan: Plan,
  say: (line: string) => void,
): Promise<ReadonlyMap<string, readonly SeedResult[]>> {
  const jobs = plan.storms.flatMap((storm) =>
    Array.from({ length: seedsOf(storm, plan.seeds) }, (_, index) => ({ storm, seed: index + 1 })),
  );
  // The longest first, or one core would be left alone with them at the end.
  jobs.sort((one, other) => seedsOf(one.storm, plan.seeds) - seedsOf(other.storm, plan.seeds));
  const results = new Map<string, SeedResult[]>(plan.storms.map((storm) => [storm, []]));
  let next = 0;
  let done = 0;
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
      const give = () => {
        const job = jobs[next++];
        if (job !== undefined) worker.postMessage(job, []);
        else void worker.terminate().then(() => resolve());
      };
      worker.on('error', (error) => {
        // The others finish what they are at, and get nothing more.
        next = jobs.length;
        reject(error);
      });
      worker.on('message', ({ job, result }: Done) => {
        const ofStorm = results.get(job.storm);
        if (ofStorm !== undefined) ofStorm[job.seed - 1] = result;
        done++;
        if (done % SAID_EACH === 0 || done === jobs.length) say(`${done} of ${jobs.length}`);
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work));
  return results;
}

function seedsOf(id: string, seeds: number): number {
  const part = STORMS.find((storm) => storm.id === id)?.seedPart ?? 1;
  return Math.max(1, Math.round(part * seeds));
}
