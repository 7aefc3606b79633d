/**
 * The metronome of the open-loop measures, on a thread of its own. A timer of the event loop is up to a millisecond
 * late, which is more than the latencies to be measured, and a loop that spins would take the core from the upstream
 * beside it. This thread sleeps to the microsecond and posts each tick.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { nowMicros } from '../clock.ts';

export interface Beat {
  /** When tick 0 is due, by `nowMicros`. */
  startMicros: number;
  everyMicros: number;
  ticks: number;
}

/** Calls `onTick` with each tick's number when it is due. Resolves after the last. */
export function pace(beat: Beat, onTick: (tick: number) => void): Promise<void> {
  const worker = new Worker(new URL('./pacer.ts', import.meta.url), { workerData: beat });
  worker.on('message', onTick);
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

function isBeat(value: unknown): value is Beat {
  return typeof value === 'object' && value !== null && 'everyMicros' in value;
}

if (parentPort !== null && isBeat(workerData)) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let tick = 0; tick < workerData.ticks; tick++) {
    const waitMicros = workerData.startMicros + tick * workerData.everyMicros - nowMicros();
    if (waitMicros > 0) Atomics.wait(never, 0, 0, waitMicros / 1000);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin.
    parentPort.postMessage(tick);
  }
}
