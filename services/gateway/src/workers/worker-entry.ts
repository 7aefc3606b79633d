/**
 * A worker process: a gateway without ports. The primary deals it connections, tells it what to do and asks what it
 * knows; when the primary ends, however it ends, so does this.
 */
import { Socket } from 'node:net';
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

const worker = new Worker({
  bus: new HubBus({ post: say }),
  say,
  // Uncaught: Node.js writes the stack and ends the process.
  failed: (error) => {
    setImmediate(() => {
      throw error;
    });
  },
  // What that leads to stands below.
  exit: () => process.disconnect?.(),
});

process.on('message', (message: unknown, handle: unknown) => {
  const word = readToWorker(message);
  if (word !== undefined) worker.hear(word, handle instanceof Socket ? handle : undefined);
});

// This one has drained, or the primary has ended, perhaps killed: nobody deals connections any more.
process.once('disconnect', () => process.exit());

// A terminal sends Ctrl-C, and its own end, to the primary too, and that one says when to stop.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Meant for this one alone, it is a graceful restart; meant for all, the primary says the same.
process.on('SIGTERM', () => worker.hear({ kind: 'stop' }));

say({ kind: 'up' });
