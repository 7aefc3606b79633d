/**
 * What one pick of the adaptive picker costs, and what it leaves behind. A pick is shorter than the clock can tell, so
 * a thousand are timed together; the median over many such batches is not moved by a collection or another process,
 * which show in the p99.
 */
import { createPicker } from '@leeward/balancer';
import { median, percentile } from '../stats.ts';
import { openHouse } from './house.ts';

export interface PickFigures {
  targets: number;
  /** Of one pick, over the batches. */
  medianMicros: number;
  p99Micros: number;
  /** On the heap after a collection, per pick: what lasts. */
  keptBytes: number;
}

const PICKS = 1000;

/** A fifth of a million picks: past every tier of the compiler. */
const WARM_UP_BATCHES = 200;

/** Five batches lie above the p99; all of it takes about a second. */
const BATCHES = 500;

/** So many picks that a tenth of a byte kept by each would stand out of what collections leave by chance. */
const HEAP_BATCHES = 200;

export async function measurePick(targets: number, collect: () => void): Promise<PickFigures> {
  const house = openHouse(targets);
  const picker = createPicker('adaptive', Math.random);
  const nobody = (): boolean => false;
  const batch = (): void => {
    for (let pick = 0; pick < PICKS; pick++) {
      // Also keeps the compiler from leaving the picks out.
      if (picker.pick(house.pool, nobody) === undefined) throw new Error('nobody was picked');
    }
  };
  for (let index = 0; index < WARM_UP_BATCHES; index++) batch();
  const micros = new Float64Array(BATCHES);
  for (let index = 0; index < BATCHES; index++) {
    const startedMs = performance.now();
    batch();
    micros[index] = ((performance.now() - startedMs) * 1000) / PICKS;
  }
  const before = heapBytes(collect);
  for (let index = 0; index < HEAP_BATCHES; index++) batch();
  const kept = heapBytes(collect) - before;
  await house.close();
  const taken = [...micros];
  return {
    targets,
    medianMicros: median(taken),
    p99Micros: percentile(taken, 0.99),
    keptBytes: kept / (HEAP_BATCHES * PICKS),
  };
}

/** The second collection takes what the first one's finalisers let go. */
function heapBytes(collect: () => void): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
