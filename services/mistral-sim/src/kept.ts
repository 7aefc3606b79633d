/** What clients leave with the simulator (files, conversations, jobs): a map that forgets its oldest when it is full. */
export class Kept<Thing> {
  readonly #most: number;
  readonly #things = new Map<string, Thing>();

  constructor(most: number) {
    this.#most = most;
  }

  get(id: string): Thing | undefined {
    return this.#things.get(id);
  }

  set(id: string, thing: Thing): void {
    this.#things.set(id, thing);
    if (this.#things.size <= this.#most) return;
    for (const oldest of this.#things.keys()) {
      this.#things.delete(oldest);
      return;
    }
  }

  delete(id: string): boolean {
    return this.#things.delete(id);
  }

  all(): Thing[] {
    return [...this.#things.values()];
  }

  clear(): void {
    this.#things.clear();
  }
}
