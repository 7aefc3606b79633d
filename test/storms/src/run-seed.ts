/** One storm and seed, for every router or some: the unit of work of a run. */
import { type Measured, measure } from './measures/figures.ts';
import type { RouterName } from './routers/all.ts';
import { lineupOf } from './routers/lineup.ts';
import { runStorm } from './run-storm.ts';
import { STORMS } from './storms/catalogue.ts';
import type { Storm } from './storms/storm.ts';
import { traffic } from './traffic.ts';

export interface Job {
  readonly storm: string;
  readonly seed: number;
}

/** By router, of those that ran. */
export type SeedResult = Readonly<Partial<Record<RouterName, Measured>>>;

/** @param names who is to run; absent: all that are in the storm's line-up */
export async function runSeed(
  { storm: named, seed }: Omit<Job, 'storm'> & { readonly storm: string | Storm },
  names?: readonly RouterName[],
): Promise<SeedResult> {
  const storm = typeof named === 'string' ? STORMS.find((one) => one.id === named) : named;
  if (storm === undefined) throw new Error(`no storm ${typeof named === 'string' ? named : named.id}`);
  const calls = traffic(storm, seed);
  const result: Partial<Record<RouterName, Measured>> = {};
  for (const name of names ?? lineupOf(storm)) result[name] = measure(storm, await runStorm(storm, seed, calls, name));
  return result;
}
