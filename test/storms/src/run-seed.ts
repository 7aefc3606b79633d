/** One storm and seed, for every router or some: the unit of work of a run. */
import { type Measured, measure } from './measures/figures.ts';
import { ROUTER_NAMES, type RouterName } from './routers/all.ts';
import { runStorm } from './run-storm.ts';
import { STORMS } from './storms/catalogue.ts';
import { traffic } from './traffic.ts';

export interface Job {
  readonly storm: string;
  readonly seed: number;
}

/** By router, of those that ran. */
export type SeedResult = Readonly<Partial<Record<RouterName, Measured>>>;

export async function runSeed(
  { storm: id, seed }: Job,
  names: readonly RouterName[] = ROUTER_NAMES,
): Promise<SeedResult> {
  const storm = STORMS.find((one) => one.id === id);
  if (storm === undefined) throw new Error(`no storm ${id}`);
  const calls = traffic(storm, seed);
  const result: Partial<Record<RouterName, Measured>> = {};
  for (const name of names) result[name] = measure(storm, await runStorm(storm, seed, calls, name));
  return result;
}
