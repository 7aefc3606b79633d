/**
 * Which part of a prompt was seen before: hashes of its growing prefixes, one per block of tokens, remembered per
 * workspace and model. A prompt's cached tokens are the blocks of its longest remembered prefix.
 */
import { CHARACTERS_PER_TOKEN } from '../text/tokens.ts';
import { hashText } from '../seeded-rng.ts';

/** Some megabytes at most. The oldest go first, which is roughly what a real cache does. */
const MOST_PREFIXES = 65_536;

export class PromptCache {
  readonly #blockCharacters: number;
  readonly #seen = new Set<string>();

  constructor(blockTokens: number) {
    this.#blockCharacters = blockTokens * CHARACTERS_PER_TOKEN;
  }

  /** How many of the prompt's tokens were cached; remembers the prompt for the next time. */
  look(scope: string, prompt: string): number {
    let hash = hashText(scope);
    let cached = 0;
    let unbroken = true;
    for (let from = 0; from + this.#blockCharacters <= prompt.length; from += this.#blockCharacters) {
      hash = hashText(prompt.slice(from, from + this.#blockCharacters), hash);
      const name = `${scope}\n${from}\n${hash}`;
      unbroken &&= this.#seen.has(name);
      if (unbroken) cached += this.#blockCharacters / CHARACTERS_PER_TOKEN;
      else this.#remember(name);
    }
    return cached;
  }

  reset(): void {
    this.#seen.clear();
  }

  #remember(name: string): void {
    this.#seen.add(name);
    if (this.#seen.size <= MOST_PREFIXES) return;
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}
