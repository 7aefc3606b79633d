/** Who still uses something that is to be closed: requests enter and leave, and whoever retires it waits for the last. */
export class Uses {
  #count = 0;
  readonly #waiting: (() => void)[] = [];

  enter(): void {
    this.#count++;
  }

  leave(): void {
    this.#count--;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when nobody is inside, at once if so now. */
  ended(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
