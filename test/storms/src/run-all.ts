/** All jobs of a plan over the machine's cores. Results do not depend on how many there are, or on who is first. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Plan } from './plan.ts';
import type { Job, SeedFigures } from './run-seed.ts';

interface Done {
  readonly job: Job;
  readonly figures: SeedFigures;
}

/** Per storm, the figures of each seed, seeds in order. */
export async function runAll(
  plan: Plan,
  say: (line: string) => void,
): Promise<ReadonlyMap<string, readonly SeedFigures[]>> {
  const jobs = plan.storms.flatMap((storm) =>
    Array.from({ length: plan.seeds }, (_, index) => ({ storm, seed: index + 1 })),
  );
  const results = new Map<string, SeedFigures[]>(plan.storms.map((storm) => [storm, []]));
  let next = 0;
  let done = 0;
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url));
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
      worker.on('message', ({ job, figures }: Done) => {
        const ofStorm = results.get(job.storm);
        if (ofStorm !== undefined) ofStorm[job.seed - 1] = figures;
        done++;
        if (done % plan.seeds === 0) say(`${done} of ${jobs.length}`);
        give();
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work));
  return results;
}
