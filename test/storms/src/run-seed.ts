/** One storm and seed, for every router: the unit of work of a run. */
import { type Figures, measure } from './measures.ts';
import { ROUTER_NAMES, type RouterName } from './routers/all.ts';
import { runStorm } from './run-storm.ts';
import { STORMS } from './storms/catalogue.ts';
import { traffic } from './traffic.ts';

export interface Job {
  readonly storm: string;
  readonly seed: number;
}

export type SeedFigures = Readonly<Record<RouterName, Figures>>;

export async function runSeed({ storm: id, seed }: Job): Promise<SeedFigures> {
  const storm = STORMS.find((one) => one.id === id);
  if (storm === undefined) throw new Error(`no storm ${id}`);
  const calls = traffic(storm, seed);
  const figures = new Map<RouterName, Figures>();
  for (const name of ROUTER_NAMES) figures.set(name, measure(storm, await runStorm(storm, seed, calls, name)));
  return Object.fromEntries(figures) as SeedFigures; // One entry for each name.
}
