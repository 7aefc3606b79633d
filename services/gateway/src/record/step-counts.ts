/** Counts of the last minutes in steps of equal length: a ring that forgets by the step's number, not by being called. */

/** Five minutes of two seconds: an alert fires after one or two minutes, and who looks wants to see what came before. */
const STEPS = 150;

export class StepCounts {
  readonly #counts = new Uint32Array(STEPS);
  #newest = 0;

  add(step: number): void {
    this.#forget(step);
    const place = step % STEPS;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /** The oldest first, `step` the last. */
  until(step: number): readonly number[] {
    this.#forget(step);
    return Array.from({ length: STEPS }, (_, age) => this.#counts[(step + 1 + age) % STEPS] ?? 0);
  }

  #forget(step: number): void {
    for (let passed = Math.max(this.#newest + 1, step - STEPS + 1); passed <= step; passed++) {
      this.#counts[passed % STEPS] = 0;
    }
    this.#newest = step;
  }
}
