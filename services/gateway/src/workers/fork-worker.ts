/**
 * Worker processes by node:cluster, which lets them listen on one port: the primary accepts, and hands each connection
 * to the next worker in turn (docs/decisions/0017-worker-processes.md says why so). All of node:cluster that the
 * primary uses stands in this file.
 */
import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { type FromWorker, readFromWorker, type ToWorker } from './words.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A worker process as the primary sees it. */
export interface Child {
  readonly pid: number | undefined;
  /** Never throws: who has ended hears nothing. `taken` is called when the word is on its way. */
  send(word: ToWorker, taken?: () => void): void;
  onWord(run: (word: FromWorker) => void): void;
  /** Called once. */
  onEnd(run: (ended: Ended) => void): void;
  /** Without a farewell. */
  kill(): void;
}

const ENTRY = fileURLToPath(new URL('./worker-entry.ts', import.meta.url));

/** Call once, before the first fork: forks processes of the worker's entry, which end with this one however it ends. */
export function workerForks(): () => Child {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  // Structured clone: bytes stay bytes, and Infinity is a number.
  cluster.setupPrimary({ exec: ENTRY, args: [], serialization: 'advanced' });
  // Workers end by themselves when their channel closes, except one that hangs.
  process.once('exit', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
  });
  return () => childOf(cluster.fork());
}

function childOf(worker: Worker): Child {
  // A channel that broke off shows as the process's end, which is told.
  worker.on('error', () => undefined);
  return {
    pid: worker.process.pid,
    send: (word, taken) => {
      if (!worker.isConnected()) return;
      worker.send(word, undefined, undefined, (error) => {
        if (error === null) taken?.();
      });
    },
    onWord: (run) => {
      worker.on('message', (message: unknown) => {
        const word = readFromWorker(message);
        if (word !== undefined) run(word);
      });
    },
    onEnd: (run) => {
      worker.once('exit', (code: number | null, signal: string | null) => run({ code, signal }));
    },
    kill: () => {
      worker.process.kill('SIGKILL');
    },
  };
}
