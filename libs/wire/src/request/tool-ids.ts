import { hash } from 'node:crypto';

/**
 * Tool-call ids as Mistral's older models demand them: exactly nine letters or digits.
 *
 * A valid id passes. Any other becomes nine characters of its hash, so the same id gets the same name in every request
 * of a conversation, which keeps the vendor's prompt cache warm. Cutting ids to nine characters, the popular way,
 * makes every `chatcmpl-tool-…` the same call. Should two names still meet, the later one is hashed again with a
 * counter; ids known to pass unchanged are reserved beforehand.
 */
export class ToolIds {
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;

  constructor(known: Iterable<string> = []) {
    this.#taken = new Set(known);
  }

  map(id: string): string {
    const named = this.#names.get(id);
    if (named !== undefined) return named;
    const name = VALID.test(id) ? id : this.#freeName(id);
    this.#names.set(id, name);
    this.#taken.add(name);
    return name;
  }

  #freeName(id: string): string {
    for (let attempt = 0; ; attempt += 1) {
      const name = nineCharacters(attempt === 0 ? id : `${id}\n${attempt}`);
      if (!this.#taken.has(name)) return name;
    }
  }
}

const VALID = /^[A-Za-z0-9]{9}$/;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function nineCharacters(text: string): string {
  const digest = hash('sha256', text, 'buffer');
  let name = '';
  for (const byte of digest.subarray(0, 9)) name += ALPHABET[byte % ALPHABET.length] ?? '';
  return name;
}
