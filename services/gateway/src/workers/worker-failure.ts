/** A worker that cannot begin: what it said of the reason is the operator's to mend, no stack needed. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
}
