/** Runs the jobs that it is sent, one at a time. */
import { parentPort } from 'node:worker_threads';
import { type Job, runSeed } from './run-seed.ts';

const port = parentPort;
if (port === null) throw new Error('this file is a worker of main.ts');
port.on('message', (job: Job) => {
  // A rejection ends the worker with its error, which main.ts reports.
  void runSeed(job).then((result) => port.postMessage({ job, result }));
});
