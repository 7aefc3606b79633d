/** What one run does: which subjects, which measures, how many rounds, how long each. Read from the command line. */
import { parseArgs } from 'node:util';
import type { StreamShape } from './contract.ts';
import { SUBJECT_NAMES, type SubjectName } from './subjects/subject.ts';

export const MEASURE_NAMES = ['small', 'open-loop', 'streams', 'bodies', 'memory', 'pick', 'workers'] as const;
export type MeasureName = (typeof MEASURE_NAMES)[number];

interface Lengths {
  rounds: number;
  /** Per Node subject, so that its hot path is compiled before the first round. */
  warmUpMs: number;
  smallMs: number;
  openLoopMs: number;
  bodyMs: number;
  streamShape: StreamShape;
  /** For each worker process, which compiles for itself. */
  workerWarmUpMs: number;
  workerPairs: number;
  /** Of each half of a pair. */
  workerMs: number;
}

export interface Plan extends Lengths {
  only: readonly SubjectName[];
  measures: readonly MeasureName[];
  quick: boolean;
  writeDocs: boolean;
}

/**
 * Five rounds give a median that one disturbed round cannot move, forty short pairs tell an eighth of a request from the
 * machine's noise; all of it ends within ten minutes.
 */
const FULL: Lengths = {
  rounds: 5,
  warmUpMs: 3000,
  smallMs: 1500,
  openLoopMs: 3000,
  bodyMs: 800,
  streamShape: { chunks: 25, intervalMs: 100 },
  workerWarmUpMs: 15_000,
  workerPairs: 40,
  workerMs: 700,
};

/** For a look after a change, not for figures to publish. */
const QUICK: Lengths = {
  rounds: 3,
  warmUpMs: 1500,
  smallMs: 700,
  openLoopMs: 1000,
  bodyMs: 300,
  streamShape: { chunks: 10, intervalMs: 100 },
  workerWarmUpMs: 5000,
  workerPairs: 8,
  workerMs: 500,
};

/** Enough connections to keep one core busy, few enough that none waits long. */
export const SMALL_CONNECTIONS = 64;
export const SMALL_PROMPT_BYTES = 64;
/** A rate every subject but the slowest can serve without queueing. */
export const OPEN_LOOP_RATE = 1000;
export const STREAMS = 500;
/** The streams' starts are spread over this long: 500 first tokens a second. */
export const STREAM_SPREAD_MS = 1000;

/** A pool of a team, of a company, and the largest that a pick is promised to be quick in. */
export const PICK_TARGETS = [4, 16, 64] as const;
/** For the largest of them, at the median: a few hundredths of the CPU that a small request costs. */
export const PICK_LIMIT_MICROS = 2;

/** Two workers answer at least so many times what one process does. */
export const WORKERS_PROMISE = 1.7;

/** Fewer connections the larger the body, so that the bodies under way stay within the sockets' buffers. */
export const BODIES = [
  { name: 'body-1KiB', promptBytes: 1024, connections: 64 },
  { name: 'body-64KiB', promptBytes: 64 * 1024, connections: 16 },
  { name: 'body-1MiB', promptBytes: 1024 * 1024, connections: 8 },
] as const;

function chosen<Name extends string>(flag: string, text: string | undefined, names: readonly Name[]): readonly Name[] {
  if (text === undefined) return names;
  return text.split(',').map((word) => {
    const name = names.find((known) => known === word.trim());
    if (name === undefined) throw new Error(`--${flag}: "${word}" is none of ${names.join(', ')}`);
    return name;
  });
}

export function readPlan(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      measure: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
    },
  });
  const lengths = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? lengths.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
    throw new Error(`--rounds: "${values.rounds}" is not a whole number from 1 to 100`);
  }
  // Without the direct way there is nothing to add latencies to, and no ceiling to know.
  const only = new Set(['direct' as const, ...chosen('only', values.only, SUBJECT_NAMES)]);
  return {
    ...lengths,
    rounds,
    only: SUBJECT_NAMES.filter((name) => only.has(name)),
    measures: chosen('measure', values.measure, MEASURE_NAMES),
    quick: values.quick,
    writeDocs: values['write-docs'],
  };
}
