/** Worker processes: forked here, spoken to over their channel, and gone when this process is. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { WORKER_PROGRAM } from '../programs.ts';
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
  /** The same with a copy of a socket, which stays open here. */
  sendSocket(word: ToWorker, socket: Socket): void;
  onWord(run: (word: FromWorker) => void): void;
  /** Called once, when all that it said has been heard. */
  onEnd(run: (ended: Ended) => void): void;
  /** Without a farewell. */
  kill(): void;
}

/** Workers end by themselves when their channel closes; this also ends one that hangs, however this process exits. */
export function workerForks(): () => Child {
  const running = new Set<ChildProcess>();
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  return () => {
    // Structured clone: bytes stay bytes, and Infinity is a number.
    const child = fork(WORKER_PROGRAM, [], { serialization: 'advanced' });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return childOf(child);
  };
}

function childOf(child: ChildProcess): Child {
  const isOpen = (): boolean => child.connected;
  // A process that could not be forked has no exit, a channel that broke off shows as one.
  child.on('error', () => undefined);
  return {
    pid: child.pid,
    send: (word, taken) => {
      if (!isOpen()) return;
      child.send(word, undefined, undefined, (error) => {
        if (error === null) taken?.();
      });
    },
    sendSocket: (word, socket) => {
      if (isOpen()) child.send(word, socket, { keepOpen: true }, () => undefined);
    },
    onWord: (run) => {
      child.on('message', (message: unknown) => {
        const word = readFromWorker(message);
        if (word !== undefined) run(word);
      });
    },
    onEnd: (run) => {
      let ended: Ended | undefined;
      // The exit and the end of the channel come in any order; what stands in the channel counts.
      const check = (): void => {
        if (ended !== undefined && !isOpen()) run(ended);
      };
      if (child.pid === undefined) setImmediate(() => run({ code: null, signal: null }));
      child.once('exit', (code, signal) => {
        ended = { code, signal };
        check();
      });
      child.once('disconnect', check);
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
