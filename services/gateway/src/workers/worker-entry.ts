/**
 * A worker process: a gateway without an admin port, on the data port that it shares with its siblings. The primary
 * tells it what to do and asks what it knows. When the primary ends, however it ends, so does this: node:cluster sees
 * to that.
 */
import { HubBus } from '@leeward/cluster';
import { countBuffersWithHeap } from '../cli/count-buffers.ts';
import { type FromWorker, readToWorker } from './words.ts';
import { Worker } from './worker.ts';

countBuffersWithHeap();

function say(word: FromWorker, taken?: () => void): void {
  // The type allows for processes that nobody forked.
  process.send?.(word, undefined, undefined, (error) => {
    if (error === null) taken?.();
  });
}

function failed(problem: string): void {
  say({ kind: 'failed', problem }, () => process.exit(1));
}

const worker = new Worker({ bus: new HubBus({ post: say }), say, failed, exit: () => process.exit(0) });

process.on('message', (message: unknown) => {
  const word = readToWorker(message);
  if (word !== undefined) worker.hear(word);
});

// A terminal sends Ctrl-C to the primary too, and that one says when to stop.
process.on('SIGINT', () => undefined);
// Meant for this one alone, it is a graceful restart; meant for all, the primary says the same.
process.on('SIGTERM', () => worker.hear({ kind: 'stop' }));

say({ kind: 'up' });
