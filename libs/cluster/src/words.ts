/**
 * The ids of a message, written once word by word: a provider's, a key's and a model's name stand in dozens of ids, and
 * make up most of a message that spells them out. An id becomes the places of its words, `mistral/key-1/small` for
 * instance `0.4.2`; a third word may hold further slashes.
 */
import { MAX_ID_CHARS } from './shapes.ts';

export class Words {
  readonly #places = new Map<string, number>();

  get list(): readonly string[] {
    return [...this.#places.keys()];
  }

  refer(id: string): string {
    return split(id)
      .map((word) => this.#place(word))
      .join('.');
  }

  #place(word: string): number {
    const known = this.#places.get(word);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(word, place);
    return place;
  }
}

/** The id that a reference stands for; undefined when it names a word that is not there, or grows beyond the bound. */
export function spell(words: readonly string[], reference: string): string | undefined {
  const spelt: string[] = [];
  for (const place of reference.split('.')) {
    const word = words[Number(place)];
    if (word === undefined) return undefined;
    spelt.push(word);
  }
  const id = spelt.join('/');
  return isId(id) ? id : undefined;
}

export function isId(id: string): boolean {
  return id.length > 0 && id.length <= MAX_ID_CHARS;
}

function split(id: string): readonly string[] {
  const first = id.indexOf('/');
  if (first === -1) return [id];
  const second = id.indexOf('/', first + 1);
  if (second === -1) return [id.slice(0, first), id.slice(first + 1)];
  return [id.slice(0, first), id.slice(first + 1, second), id.slice(second + 1)];
}
