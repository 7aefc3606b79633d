import { STORMS } from './storms/catalogue.ts';

export interface Plan {
  readonly seeds: number;
  /** Ids of storms. */
  readonly storms: readonly string[];
  readonly writeDocs: boolean;
  /** The run fails when a claim does not hold. */
  readonly check: boolean;
}

export const FULL_SEEDS = 20;
const QUICK_SEEDS = 3;
const MAX_SEEDS = 10_000;

export function readPlan(args: readonly string[]): Plan {
  const ids = STORMS.map(({ id }) => id);
  let seeds = FULL_SEEDS;
  let storms: readonly string[] = ids;
  let writeDocs = false;
  let check = false;
  for (let place = 0; place < args.length; place++) {
    const arg = args[place];
    if (arg === '--quick') seeds = QUICK_SEEDS;
    else if (arg === '--write-docs') writeDocs = true;
    else if (arg === '--check') check = true;
    else if (arg === '--seeds') seeds = readSeeds(args[++place]);
    else if (arg === '--only') storms = readStorms(args[++place], ids);
    else
      throw new Error(`unknown argument ${arg}; known are --seeds N, --quick, --only S1,S4, --check and --write-docs`);
  }
  return { seeds, storms, writeDocs, check };
}

function readSeeds(text: string | undefined): number {
  const seeds = Number(text);
  if (Number.isInteger(seeds) && seeds >= 1 && seeds <= MAX_SEEDS) return seeds;
  throw new Error(`--seeds: expected a whole number from 1 to ${MAX_SEEDS}, found ${text ?? 'nothing'}`);
}

function readStorms(text: string | undefined, ids: readonly string[]): readonly string[] {
  const wanted = (text ?? '').split(',');
  const unknown = wanted.find((id) => !ids.includes(id));
  if (unknown !== undefined) throw new Error(`--only: no storm ${unknown}; there are ${ids.join(', ')}`);
  return ids.filter((id) => wanted.includes(id));
}
