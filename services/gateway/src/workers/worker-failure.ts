/** A worker did not get to serve. Why is what it wrote itself before it ended, a stack if it was a fault. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
}
